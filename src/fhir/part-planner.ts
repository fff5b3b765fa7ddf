/** Plans the writing of single parts: made, changed, withdrawn or left alone, each with its Provenance. */
import type { Provenance, Resource } from '@medplum/fhirtypes';
import type { Devices } from './complete-finding.ts';
import { decideWrite, type Ownership } from './decide-write.ts';
import { buildProvenance } from './provenance.ts';
import type { Built } from './report.ts';
import type { Stored } from './standing.ts';
import { isWithdrawn, takeBack } from './take-back.ts';
import type { Publication, Saved, WrittenPart } from './types.ts';

/** What is learnt while one publication is written. */
export interface Session {
  /** Types that the server does not take. */
  refused: Set<string>;
  /** Parts that the server did not take, and why. */
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

function ownershipOf(part: string, type: string, publication: Publication, session: Session): Ownership {
  const written = publication.written.find((one) => one.part === part && one.type === type);
  return {
    written: written?.version,
    remembered: written !== undefined,
    confirmed: session.confirmed.get(part)?.version,
  };
}

function edited(resource: Resource): string {
  return `${resource.resourceType}/${resource.id} was edited since and is left alone`;
}

function saved(part: string, resource: Stored): WrittenPart {
  return { part, type: resource.resourceType, id: resource.id, version: resource.meta?.versionId };
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

function versionOf(resource: Resource): { ifMatch?: string } {
  const version = resource.meta?.versionId;
  return version === undefined ? {} : { ifMatch: version };
}

/** Collects what is to be done, part by part. */
export class PartPlanner {
  readonly writes: Write[] = [];
  readonly written: WrittenPart[] = [];
  readonly leftAlone: string[] = [];
  /** What stands as it shall, for the look-up of Provenances. */
  readonly kept: { reference: string; built: Built }[] = [];
  private readonly publication: Publication;
  private readonly session: Session;
  private readonly devices: Devices;

  constructor(publication: Publication, session: Session, devices: Devices) {
    this.publication = publication;
    this.session = session;
    this.devices = devices;
  }

  private provenance(target: string, activity: 'transform' | 'update' | 'nullify', built?: Built, before?: Resource) {
    if (this.session.refused.has('Provenance')) {
      return {};
    }
    const version = before?.meta?.versionId;
    const previous = before === undefined || version === undefined ? {} : { previous: `${target}/_history/${version}` };
    const facts = { target, activity, evidence: built?.finding?.evidence ?? [], ...previous };
    return { provenance: buildProvenance(facts, this.publication, this.devices) };
  }

  /** What we last wrote of a part, also where somebody has edited it between our writing and our reading it back. */
  private lastWritten(part: string, type: Resource['resourceType']): WrittenPart | undefined {
    const confirmed = this.session.confirmed.get(part);
    return confirmed?.type === type
      ? { part, ...confirmed }
      : this.publication.written.find((one) => one.part === part && one.type === type);
  }

  /** Plans one part. False where it is left alone although we have something else to say. */
  part(built: Built, current: Stored | undefined, kind: 'item' | 'report'): boolean {
    const { part, label, resource, reference } = built;
    const ownership = ownershipOf(part, resource.resourceType, this.publication, this.session);
    const decision = decideWrite(resource, current, ownership);
    if (decision.do === 'create') {
      const made = this.provenance(reference, 'transform', built);
      this.writes.push({ part, label, kind, resource, reference, ...made });
      return true;
    }
    const before = this.lastWritten(part, resource.resourceType);
    if (decision.do === 'update') {
      const changed = overwriting(resource, decision.current);
      const made = this.provenance(reference, 'update', built, decision.current);
      const id = decision.current.id;
      this.writes.push({
        part,
        label,
        kind,
        resource: changed,
        reference,
        ...(id && { id }),
        ...versionOf(decision.current),
        ...made,
      });
      return true;
    }
    if (decision.do === 'keep' && decision.ours && current !== undefined) {
      this.written.push(saved(part, current));
      this.kept.push({ reference, built });
      return true;
    }
    if (before !== undefined) {
      this.written.push(before);
    }
    if (decision.do === 'keep') {
      return true;
    }
    this.leftAlone.push(edited(decision.current));
    return false;
  }

  /** Plans a withdrawal, where the resource is still as we wrote it. */
  withdraw(part: string, label: string, current: Stored, ours: boolean, remember: boolean): void {
    const withdrawn = takeBack(current);
    if (isWithdrawn(current) || withdrawn === undefined) {
      if (remember && isWithdrawn(current) && ours) {
        this.written.push(saved(part, current));
      }
      return;
    }
    if (!ours) {
      this.leftAlone.push(edited(current));
      return;
    }
    const reference = `${current.resourceType}/${current.id}`;
    const made = this.provenance(reference, 'nullify', undefined, current);
    const write = { part, label, kind: 'withdrawal' as const, resource: withdrawn, reference, id: current.id };
    this.writes.push({ ...write, ...versionOf(current), ...made });
  }
}
