/** The simulator's memory: runs, their items, and who may see them. Nothing of it is kept. */
import { randomUUID } from 'node:crypto';
import type { OutputSpec, Version } from './applications.ts';
import type { Download } from './downloads.ts';
import type { User } from './options.ts';
import type { Rendered } from './outputs.ts';
import type { RunProgress } from './progress.ts';
import type { RunCreation } from './run-creation.ts';

/** How an item is to end; `success` still fails where its slide cannot be read. */
export type ItemEnd = 'success' | 'user-error' | 'system-error';

export interface InputArtifact {
  id: string;
  name: string;
  url: string;
  metadata: Record<string, unknown>;
}

export interface OutputArtifact {
  id: string;
  spec: OutputSpec;
  /** Made when first asked for. */
  rendered?: Promise<Rendered>;
}

export interface Item {
  id: string;
  externalId: string;
  customMetadata: Record<string, unknown> | null;
  input: InputArtifact;
  outputs: OutputArtifact[];
  end: ItemEnd;
  download: Download;
  billed: boolean;
}

export interface Run {
  id: string;
  applicationId: string;
  version: Version;
  user: User;
  customMetadata: Record<string, unknown> | null;
  scheduling: { due_date: string | null; deadline: string | null } | null;
  items: Item[];
  /** Milliseconds of the simulator's clock. */
  submittedAt: number;
  /** Tells runs of the same millisecond apart. */
  sequence: number;
  /** It was created under `never-done`. */
  held: boolean;
  /** How many failed items it bears, where that is not the platform's usual number. */
  errorThreshold?: number;
  canceledAt?: number;
  artifactsDeleted: boolean;
  /** Told once it is over: what has been said does not change. */
  final?: RunProgress;
  /** It is over, and all that it has cost is billed. */
  settled?: boolean;
  /** Ends its downloads. */
  stop: AbortController;
}

export interface Grant {
  id: string;
  resourceType: 'run' | 'item' | 'output_artifact' | 'share_token';
  resourceId: string;
  subjectType: 'user' | 'organization_admin' | 'organization_user' | 'share_token';
  subjectId: string;
  createdBy: string;
  createdAt: string;
  revoked: boolean;
}

export interface ShareToken {
  id: string;
  secret: string;
  createdBy: string;
  createdAt: string;
  expiresAt: string | null;
  revoked: boolean;
}

export interface World {
  /** In the order of their creation. */
  runs: Map<string, Run>;
  grants: Map<string, Grant>;
  shareTokens: Map<string, ShareToken>;
}

export const createWorld = (): World => ({ runs: new Map(), grants: new Map(), shareTokens: new Map() });

/** A run as it was asked for, put into the world; nothing of it has been fetched yet. */
export function addRun(
  world: World,
  run: { creation: RunCreation; version: Version; user: User; at: number; held: boolean; ends(index: number): ItemEnd },
): Run {
  const { creation, version, user, at, held, ends } = run;
  const { scheduling } = creation;
  const added: Run = {
    id: randomUUID(),
    applicationId: creation.application_id,
    ...{ version, user, held },
    customMetadata: creation.custom_metadata ?? null,
    scheduling: scheduling ? { due_date: scheduling.due_date ?? null, deadline: scheduling.deadline ?? null } : null,
    items: creation.items.map((item, index) => newItem(item, version, ends(index))),
    submittedAt: at,
    sequence: world.runs.size,
    artifactsDeleted: false,
    stop: new AbortController(),
  };
  world.runs.set(added.id, added);
  return added;
}

function newItem(item: RunCreation['items'][number], version: Version, end: ItemEnd): Item {
  const [first] = item.input_artifacts;
  return {
    id: randomUUID(),
    externalId: item.external_id,
    customMetadata: item.custom_metadata ?? null,
    input: {
      id: randomUUID(),
      name: first?.name ?? version.input.name,
      url: first?.download_url ?? '',
      metadata: first?.metadata ?? {},
    },
    outputs: version.outputs.map((spec) => ({ id: randomUUID(), spec })),
    ...{ end, download: {}, billed: false },
  };
}
