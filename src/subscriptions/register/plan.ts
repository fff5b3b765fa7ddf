/** What shall stand on a server for a site's routes, as far as it can be said; each once, however many routes share it. */
import { checkCriteria } from '../../config/criteria.ts';
import type { SiteConfig } from '../../config/schema.ts';
import type { FhirClient } from '../../fhir/types.ts';
import { wantedCriteria } from '../routed-types.ts';
import { MANNERS, type Manner } from './manner.ts';
import type { AnySubscription } from './shape.ts';
import { findTopics, type TopicChoice } from './topics.ts';
import type { Ownership, Wish } from './wish.ts';

/** One Subscription to be made true. */
export interface Planned {
  criteria: string;
  subscription: AnySubscription;
  /** The same topic without a filter, for a server that refuses the filter: it brings more, and admission chooses. */
  wider?: AnySubscription;
  /** Sent when it is created. */
  headers?: Record<string, string>;
}
/** Why nothing can be said for a search; `subscription` with a placeholder, for an administrator. */
export interface Unplanned {
  criteria: string;
  problem: string;
  subscription: AnySubscription;
}

export interface PlanOptions {
  config: SiteConfig;
  client: Pick<FhirClient, 'capabilities' | 'pages'>;
  publicUrl: string;
  manner: Manner;
  software: string | undefined;
  secret: string | undefined;
}

export function ownership(config: Pick<SiteConfig, 'name'>, publicUrl: string): Ownership {
  return { deployment: `${publicUrl}/${config.name}`, endpoint: `${publicUrl}/notify/${config.name}` };
}

/** Of a search's words those that the topic can be narrowed by; where it does not say, all. */
function narrowing(criteria: string, choice: TopicChoice | undefined): string[] {
  const words = criteria.slice(criteria.indexOf('?') + 1).split('&');
  const filters = choice && 'url' in choice ? choice.trigger?.filters : undefined;
  const parameter = (word: string) => word.split(/[=:]/, 1)[0] ?? '';
  return words.filter((word) => word !== '' && (filters === undefined || filters.includes(parameter(word))));
}

export async function plan(options: PlanOptions): Promise<{ planned: Planned[]; unplanned: Unplanned[] }> {
  const { config, client, publicUrl, manner, software, secret } = options;
  const { topics, content, heartbeat } = config.subscriptions;
  const facts = MANNERS[manner];
  const wanted = wantedCriteria(config).map(({ criteria, type }) => ({
    type,
    criteria: facts.words === 'all' ? criteria : checkCriteria(criteria).plain,
  }));
  const types = [...new Set(wanted.map(({ type }) => type))];
  const choices = facts.topics
    ? await findTopics({ client, baseUrl: config.fhir.baseUrl }, topics, types)
    : new Map<string, TopicChoice>();
  const planned = new Map<string, Planned>();
  const unplanned: Unplanned[] = [];
  for (const { criteria, type } of wanted) {
    const wish: Wish = { criteria, type, ...ownership(config, publicUrl), secret, content, heartbeat };
    const choice = choices.get(type);
    if (choice && 'problem' in choice) {
      const topic = { url: `<the canonical URL of the topic of ${type}>`, words: narrowing(criteria, choice) };
      unplanned.push({ criteria, problem: choice.problem, subscription: facts.build({ ...wish, topic }, software) });
      continue;
    }
    const words = choice ? narrowing(criteria, choice) : [];
    const withTopic = (narrowed: string[]): Wish =>
      choice ? { ...wish, topic: { url: choice.url, words: narrowed } } : wish;
    const subscription = facts.build(withTopic(words), software);
    planned.set(JSON.stringify(subscription), {
      criteria,
      subscription,
      ...(words.length > 0 && { wider: facts.build(withTopic([]), software) }),
      // athenahealth keys its X-Hub-Signature by what this header says at the creation; others pass it over.
      ...(facts.topics && secret !== undefined && { headers: { 'X-Hub-Secret': secret } }),
    });
  }
  return { planned: [...planned.values()], unplanned };
}
