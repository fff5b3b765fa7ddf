/** Runs and items as the API tells them. */
import { instant } from './answers.ts';
import { metadataChecksum } from './checksum.ts';
import { artifactMetadata, render } from './outputs.ts';
import { type ItemProgress, progressOf, queueEnds, type RunProgress } from './progress.ts';
import type { Simulator } from './simulator.ts';
import type { Item, OutputArtifact, Run } from './world.ts';

/** Seconds that the deprecated `download_url` of an artifact lives. */
const DEPRECATED_URL_SECONDS = 3600;
const RETENTION_MS = 30 * 86_400_000;

/** How far a run is now. */
export function progressNow(run: Run, { options, now, lasts }: Simulator): RunProgress {
  return progressOf(run, options, now().getTime(), run.held && lasts('never-done'));
}

export function tellRun(run: Run, simulator: Simulator): Record<string, unknown> {
  const progress = progressNow(run, simulator);
  const { spec } = simulator.options;
  const ahead = itemsAhead(run, progress, simulator);
  return {
    run_id: run.id,
    application_id: run.applicationId,
    version_number: run.version.number,
    state: progress.state,
    output: progress.output,
    termination_reason: progress.reason,
    error_code: progress.errorCode,
    error_message: progress.errorMessage,
    statistics: statisticsOf(progress.items),
    custom_metadata: run.customMetadata,
    custom_metadata_checksum: metadataChecksum(run.customMetadata),
    submitted_at: instant(run.submittedAt, run.sequence),
    submitted_by: run.user.id,
    terminated_at: progress.terminatedAt === null ? null : instant(progress.terminatedAt, run.sequence),
    num_preceding_items_org: ahead?.org ?? null,
    num_preceding_items_platform: ahead?.platform ?? null,
    scheduling: run.scheduling,
    ...(spec !== '1.4' && { organization_id: run.user.organization.id }),
  };
}

/** An item; where it has succeeded, its results are made now, if they were not before. */
export async function tellItem(run: Run, item: Item, simulator: Simulator): Promise<Record<string, unknown>> {
  const all = progressNow(run, simulator);
  const index = run.items.indexOf(item);
  const progress = all.items[index];
  const succeeded = progress?.reason === 'SUCCEEDED';
  const ahead = progress?.state === 'PENDING' ? itemsAhead(run, all, simulator) : undefined;
  const before = all.items.slice(0, index).filter(({ state }) => state !== 'TERMINATED').length;
  return {
    item_id: item.id,
    external_id: item.externalId,
    custom_metadata: item.customMetadata,
    custom_metadata_checksum: metadataChecksum(item.customMetadata),
    queue_position_org: ahead ? ahead.org + before : null,
    queue_position_platform: ahead ? ahead.platform + before : null,
    state: progress?.state ?? 'PENDING',
    output: succeeded ? 'FULL' : 'NONE',
    termination_reason: progress?.reason ?? null,
    error_code: progress?.errorCode ?? null,
    error_message: progress?.errorMessage ?? null,
    terminated_at: typeof progress?.terminatedAt === 'number' ? instant(progress.terminatedAt, run.sequence) : null,
    ...(simulator.options.spec !== '1.4' && { input_artifacts: [tellInput(item)] }),
    output_artifacts: succeeded
      ? await Promise.all(item.outputs.map((output) => tellOutput(run, item, output, simulator)))
      : [],
  };
}

function tellInput({ input }: Item): object {
  return { input_artifact_id: input.id, name: input.name, metadata: input.metadata, download_url: input.url };
}

async function tellOutput(run: Run, item: Item, output: OutputArtifact, simulator: Simulator): Promise<object> {
  const gone = deletionOf(run, simulator);
  return {
    output_artifact_id: output.id,
    name: output.spec.name,
    metadata: gone ? null : artifactMetadata(run, output, await render(run, item, output, simulator.options)),
    state: 'TERMINATED',
    termination_reason: 'SUCCEEDED',
    output: gone ?? 'AVAILABLE',
    error_code: null,
    error_message: null,
    download_url: gone ? null : simulator.signer.sign(`/results/${run.id}/${output.id}`, DEPRECATED_URL_SECONDS),
  };
}

/** Who has deleted a run's artifacts: the user, or the platform when their time was over; undefined: nobody. */
export function deletionOf(run: Run, simulator: Simulator): 'DELETED_BY_USER' | 'DELETED_BY_SYSTEM' | undefined {
  if (run.artifactsDeleted) {
    return 'DELETED_BY_USER';
  }
  const { terminatedAt } = progressNow(run, simulator);
  const over = terminatedAt !== null && simulator.now().getTime() - terminatedAt >= RETENTION_MS;
  return over ? 'DELETED_BY_SYSTEM' : undefined;
}

export function statisticsOf(items: readonly ItemProgress[]): Record<string, number> {
  const count = (is: (item: ItemProgress) => boolean) => items.filter(is).length;
  return {
    item_count: items.length,
    item_pending_count: count(({ state }) => state === 'PENDING'),
    item_processing_count: count(({ state }) => state === 'PROCESSING'),
    item_user_error_count: count(({ reason }) => reason === 'USER_ERROR'),
    item_system_error_count: count(({ reason }) => reason === 'SYSTEM_ERROR'),
    item_skipped_count: count(({ reason }) => reason === 'SKIPPED'),
    item_succeeded_count: count(({ reason }) => reason === 'SUCCEEDED'),
  };
}

/** The items of others before the run's next one: fewer and fewer while it queues, none once it is at work. */
function itemsAhead(run: Run, { state }: RunProgress, { options, now }: Simulator) {
  if (state === 'TERMINATED') {
    return undefined;
  }
  const left = queueEnds(run, options) - now().getTime();
  const share = left <= 0 ? 0 : left / (queueEnds(run, options) - run.submittedAt);
  return { org: Math.ceil(options.queue.org * share), platform: Math.ceil(options.queue.platform * share) };
}
