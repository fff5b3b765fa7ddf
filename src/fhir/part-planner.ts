/** Plans the writing of single parts: made, changed, withdrawn or left alone, each with its Provenance. */
import type { Provenance, Resource } from '@medplum/fhirtypes';
import { personOf } from './about.ts';
import { decideWrite, type Ownership } from './decide-write.ts';
import type { FilePlace } from './file-place.ts';
import type { ProvenanceFacts, WithdrawalFacts } from './provenance.ts';
import type { Built } from './result-items.ts';
import type { Stored } from './standing.ts';
import { isWithdrawn, takeBack } from './take-back.ts';
import type { Saved, WrittenPart } from './types.ts';

/** Who tells of what was written. */
export interface Narrator {
  written: (facts: ProvenanceFacts) => Provenance;
  withdrawn: (facts: WithdrawalFacts) => Provenance;
}

/** What is learnt while one publication is written. */
export interface Session {
  /** Types that the server does not take. */
  refused: Set<string>;
  /** Parts (withdrawals by `nameOf`) that the server did not take, and why. */
  rejected: Map<string, string>;
  /** Parts whose writing an answer has confirmed, with the version it got. */
  confirmed: Map<string, Saved>;
  /** The version of the Task that an answer confirmed, once it was written as it shall be. */
  taskVersion: string | undefined;
  /** The version of the Task that we last wrote or were told. */
  knownTask: string | undefined;
  /** Conditions that the patient has already; searched once. */
  known: Map<string, string> | undefined;
  duplicates: Set<string>;
  /** Where the files stand, by name; and the Binaries that they are, by part. */
  files: Map<string, FilePlace>;
  binaries: Map<string, WrittenPart>;
}

export interface Write {
  part: string;
  label: string;
  kind: 'item' | 'withdrawal' | 'report';
  resource: Resource;
  /** Set for a PUT. */
  id?: string;
  ifMatch?: string;
  /** `Type/id`, or the fullUrl of what is to be made. */
  reference: string;
  provenance?: Provenance;
}

/** How a session remembers what became of a write: by part, a withdrawal by what it withdraws. */
export function nameOf({ kind, part, reference }: Pick<Write, 'kind' | 'part' | 'reference'>): string {
  return kind === 'withdrawal' ? `withdrawn/${reference}` : part;
}

function edited(resource: Resource): string {
  return `${resource.resourceType}/${resource.id} was edited since and is left alone`;
}

function saved({ part, about }: Pick<WrittenPart, 'part' | 'about'>, resource: Stored): WrittenPart {
  const { resourceType: type, id, meta } = resource;
  return { part, ...(about && { about }), type, id, version: meta?.versionId };
}

/** A Condition keeps the date it was first recorded on. */
function overwriting(built: Resource, current: Resource): Resource {
  if (
    built.resourceType === 'Condition' &&
    current.resourceType === 'Condition' &&
    current.recordedDate !== undefined
  ) {
    return { ...built, id: current.id, recordedDate: current.recordedDate };
  }
  return { ...built, id: current.id };
}

function versionReference({ resourceType, id, meta }: Resource): string | undefined {
  return meta?.versionId === undefined ? undefined : `${resourceType}/${id}/_history/${meta.versionId}`;
}

/** How a part that stands came to be. */
export function makingOf({ reference, finding, replaces = [] }: Built): ProvenanceFacts {
  return { target: reference, activity: 'transform', evidence: finding?.evidence ?? [], previous: replaces };
}

function versionOf(resource: Resource): { ifMatch?: string } {
  const version = resource.meta?.versionId;
  return version === undefined ? {} : { ifMatch: version };
}

/** Collects what is to be done, part by part. */
export class PartPlanner {
  readonly writes: Write[] = [];
  readonly written: WrittenPart[] = [];
  readonly leftAlone: string[] = [];
  /** What stands as it shall, and what we have withdrawn, for the look-up of Provenances. */
  readonly kept: { reference: string; built: Built }[] = [];
  readonly withdrawn: WithdrawalFacts[] = [];
  readonly narrator: Narrator;
  private readonly known: WrittenPart[];
  private readonly alone = new Set<string>();
  private readonly session: Session;

  /** `known`: what earlier publications wrote. */
  constructor(known: WrittenPart[], session: Session, narrator: Narrator) {
    this.known = known;
    this.session = session;
    this.narrator = narrator;
  }

  /** `why`: a sentence for the Task. */
  leaveAlone(reference: string, why: string): void {
    this.alone.add(reference);
    this.leftAlone.push(why);
  }

  leavesAlone(reference: string): boolean {
    return this.alone.has(reference);
  }

  private told(tell: () => Provenance): { provenance?: Provenance } {
    return this.session.refused.has('Provenance') ? {} : { provenance: tell() };
  }

  private ownershipOf(part: string, type: string): Ownership {
    const written = this.known.find((one) => one.part === part && one.type === type);
    return {
      written: written?.version,
      remembered: written !== undefined,
      confirmed: this.session.confirmed.get(part)?.version,
    };
  }

  /** What we last wrote of a part, also where somebody has edited it between our writing and our reading it back. */
  private lastWritten(
    { part, about }: Pick<WrittenPart, 'part' | 'about'>,
    type: Resource['resourceType'],
  ): WrittenPart | undefined {
    const confirmed = this.session.confirmed.get(part);
    return confirmed?.type === type
      ? { part, ...(about && { about }), ...confirmed }
      : this.known.find((one) => one.part === part && one.type === type);
  }

  /** Plans one part. False where it is left alone although we have something else to say. */
  part(built: Built, current: Stored | undefined, kind: 'item' | 'report'): boolean {
    const { part, label, resource, reference, finding } = built;
    const ownership = this.ownershipOf(part, resource.resourceType);
    const decision = decideWrite(resource, current, ownership);
    if (decision.do === 'create') {
      const told = this.told(() => this.narrator.written(makingOf(built)));
      this.writes.push({ part, label, kind, resource, reference, ...told });
      return true;
    }
    const named = { part, about: finding && personOf(finding) };
    const before = this.lastWritten(named, resource.resourceType);
    if (decision.do === 'update') {
      const changed = overwriting(resource, decision.current);
      const previous = versionReference(decision.current);
      const revision = { ...makingOf(built), activity: 'update' as const, ...(previous && { previous: [previous] }) };
      const told = this.told(() => this.narrator.written(revision));
      const id = decision.current.id;
      this.writes.push({
        part,
        label,
        kind,
        resource: changed,
        reference,
        ...(id && { id }),
        ...versionOf(decision.current),
        ...told,
      });
      return true;
    }
    if (decision.do === 'keep' && decision.ours && current !== undefined) {
      this.written.push(saved(named, current));
      this.kept.push({ reference, built });
      return true;
    }
    if (before !== undefined) {
      this.written.push(before);
    }
    if (decision.do === 'keep') {
      return true;
    }
    this.leaveAlone(reference, edited(decision.current));
    return false;
  }

  /**
   * Plans a withdrawal, where the resource is still as we wrote it (`ours`). What belongs to this writing's own memory
   * (`remember`) is listed as it stands afterwards. `why` is for the reader of a report.
   */
  withdraw(
    { part, version, about }: Pick<WrittenPart, 'part' | 'version' | 'about'>,
    label: string,
    current: Stored,
    ours: boolean,
    options: { remember?: boolean; why?: string } = {},
  ): void {
    const reference = `${current.resourceType}/${current.id}`;
    const { remember = false, why } = options;
    const because = why === undefined ? {} : { why };
    if (isWithdrawn(current)) {
      if (ours) {
        const before = version === current.meta?.versionId ? undefined : version;
        const previous = before === undefined ? {} : { previous: `${reference}/_history/${before}` };
        this.withdrawn.push({ target: reference, ...previous, ...because });
      }
      if (ours && remember) {
        this.written.push(saved({ part, about }, current));
      }
      return;
    }
    const withdrawn = takeBack(current, why);
    if (withdrawn === undefined) {
      return;
    }
    const write = { part, label, kind: 'withdrawal' as const, resource: withdrawn, reference, id: current.id };
    const rejected = this.session.rejected.get(nameOf(write));
    if (!ours || rejected !== undefined) {
      this.leaveAlone(reference, ours ? `${reference} could not be withdrawn: ${rejected}` : edited(current));
      if (remember) {
        const { resourceType: type, id } = current;
        this.written.push({ part, ...(about && { about }), type, id, ...(version && { version }) });
      }
      return;
    }
    const previous = versionReference(current);
    const told = this.told(() =>
      this.narrator.withdrawn({ target: reference, ...(previous && { previous }), ...because }),
    );
    this.writes.push({ ...write, ...versionOf(current), ...told });
  }
}
