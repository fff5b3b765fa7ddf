/** The platform's documents about an application, remembered for an hour: all orders of a site ask for the same ones. */
import { AdapterError } from '../../errors.ts';
import type { Context } from '../contract.ts';
import { type Version, version as versionSchema } from './answers.ts';
import { type Caller, readApplication, readVersion } from './api.ts';
import { WAITS } from './facts.ts';
import { type SlideSchema, slideSchema } from './metadata.ts';
import { LATEST, type Options, type Settings } from './settings.ts';
import type { Application } from './state.ts';
import { plainWords } from './words.ts';

export type Ctx = Context<Settings, Options>;

export function callerOf({ http, settings, secrets, signal, now }: Ctx): Caller {
  return { http, settings, secrets, signal, now };
}

/** Which application and version an order is done by; `latest` is settled here, and stays what it was. */
export function applicationOf(context: Ctx): Promise<Application> {
  const { application: id, version } = context.order.options;
  return context.memory.get(`application ${id} ${version}`, async () => {
    const found = await readApplication(callerOf(context), id);
    const newest = found.versions.toSorted(
      (a, b) => Date.parse(b.released_at ?? '') - Date.parse(a.released_at ?? ''),
    )[0];
    const number = version === LATEST ? newest?.number : version;
    if (number === undefined) {
      throw new AdapterError('vendor-protocol', 'Aignostics names no version of the application', { remedy: 'hold' });
    }
    const value: Application = {
      id,
      name: plainWords(found.name) ?? id,
      version: number,
      classes: found.regulatory_classes,
    };
    return { value, seconds: WAITS.documents };
  });
}

/** What the version wants of each slide: the name of its file, and what is said of it. */
export async function inputOf(
  { id, version }: Pick<Application, 'id' | 'version'>,
  context: Ctx,
): Promise<{ name: string; schema: SlideSchema }> {
  const remembered = await context.memory.get(`version ${id} ${version}`, async () => ({
    value: await readVersion(callerOf(context), id, version),
    seconds: WAITS.documents,
  }));
  const [input, ...others]: Version['input_artifacts'] = versionSchema.parse(remembered).input_artifacts;
  if (!input || others.length > 0) {
    throw new AdapterError('vendor-protocol', 'This version of the application wants several files of each slide', {
      remedy: 'hold',
      orderer: 'The application is not set up rightly; the order waits for the operator of the adapter.',
      operator: 'Pin a version of the application that takes one file of each slide.',
    });
  }
  return { name: input.name, schema: slideSchema(input.metadata_schema) };
}
