/** Finds the topic that tells of a resource type: configured, or the best of those that the server shows. */
import type { SiteConfig } from '../../config/schema.ts';
import { asAdapterError } from '../../errors.ts';
import type { FhirClient } from '../../fhir/types.ts';
import { readTopic, type Topic, type Trigger } from './topic-reading.ts';

export type TopicChoice = { url: string; trigger?: Trigger } | { problem: string };

interface Server {
  client: Pick<FhirClient, 'capabilities' | 'pages'>;
  baseUrl: string;
}

const BASIC = `Basic?code=${encodeURIComponent('http://hl7.org/fhir/fhir-types|SubscriptionTopic')}&_count=200`;
const RESOURCES = 'SubscriptionTopic?_count=200';

/** A server that does not know these searches has no topics there; one that is down must not pass for it. */
async function search({ client, baseUrl }: Server, query: string): Promise<Topic[]> {
  const found: Topic[] = [];
  try {
    for await (const page of client.pages(query)) {
      found.push(
        ...(page.entry ?? []).flatMap(({ resource }) => readTopic(resource, baseUrl.replace(/\/+$/, '')) ?? []),
      );
    }
  } catch (thrown) {
    const error = asAdapterError(thrown);
    if (!['ehr-rejected', 'ehr-forbidden', 'ehr-protocol'].includes(error.code)) {
      throw error;
    }
  }
  return found;
}

/** R4B's and R5's own resource first; R4 has it within a Basic. Statements often leave either out, so both are tried. */
async function shownBy(server: Server, types: readonly string[]): Promise<Topic[]> {
  const found: Topic[] = [];
  for (const query of [RESOURCES, BASIC]) {
    found.push(...(await search(server, query)));
    if (types.every((type) => found.some(({ triggers }) => triggers.some((trigger) => trigger.type === type)))) {
      break;
    }
  }
  return found;
}

/** Higher is better: everything that happens to the type is told, without a condition; then what the server names. */
function rank(topic: Topic, trigger: Trigger, named: readonly string[]): number {
  const told = trigger.interactions.length === 0 ? 3 : trigger.interactions.length;
  return (
    (trigger.conditional ? 0 : 100) + told * 10 + (named.includes(topic.url) ? 5 : 0) - topic.triggers.length / 100
  );
}

const letters = (name: string) => name.toLowerCase().replace(/[^a-z]/g, '');
const nameOf = (url: string) => letters(URL.parse(url)?.pathname ?? url);
const withoutVersion = (canonical: string) => canonical.split('|')[0] ?? '';

/** Chooses among what a server shows and names. Pure. */
export function chooseTopic(type: string, shown: readonly Topic[], named: readonly string[]): TopicChoice {
  const canonicals = named.map(withoutVersion);
  const [best] = shown
    .flatMap((topic) => topic.triggers.filter((each) => each.type === type).map((trigger) => ({ topic, trigger })))
    .sort(
      (a, b) =>
        rank(b.topic, b.trigger, canonicals) - rank(a.topic, a.trigger, canonicals) ||
        a.topic.url.localeCompare(b.topic.url),
    );
  if (best) {
    return { url: best.topic.url, trigger: best.trigger };
  }
  // Of a topic that says no trigger, or is only named, nothing but the name tells what it is about.
  const clear = new Set(shown.filter(({ triggers }) => triggers.length > 0).map(({ url }) => withoutVersion(url)));
  const all = new Set([...canonicals, ...shown.map(({ url }) => withoutVersion(url))]);
  const likely = [...all].filter((url) => !clear.has(url) && nameOf(url).includes(letters(type)));
  const [only] = likely;
  if (only !== undefined && likely.length === 1) {
    return { url: only };
  }
  const configure = `set subscriptions.topics.${type} to the canonical URL of the topic that tells of it`;
  return {
    problem:
      likely.length > 1
        ? `The server names ${likely.length} topics that may tell of ${type}: ${configure} (${likely.join(', ')})`
        : `The server shows no topic that tells of ${type}: ${configure}`,
  };
}

/** The topic of each type. Asks the server only for what the configuration does not say. */
export async function findTopics(
  server: Server,
  configured: SiteConfig['subscriptions']['topics'],
  types: readonly string[],
): Promise<Map<string, TopicChoice>> {
  const said = new Map(Object.entries(configured));
  const open = types.filter((type) => !said.has(type));
  const can = open.length > 0 ? await server.client.capabilities() : undefined;
  const shown = can ? await shownBy(server, open) : [];
  return new Map(
    types.map((type): [string, TopicChoice] => {
      const url = said.get(type);
      return [type, url === undefined ? chooseTopic(type, shown, can?.topics ?? []) : { url }];
    }),
  );
}
