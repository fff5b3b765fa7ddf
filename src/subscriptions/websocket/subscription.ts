/** A Subscription whose news come over a WebSocket, as Medplum has them: never stored, gone with the socket. */
import type { Subscription } from '@medplum/fhirtypes';
import type { SiteConfig } from '../../config/schema.ts';
import { DEPLOYMENT_SYSTEM } from '../register/wish.ts';

/**
 * Active from the start. Without extensions for interactions: Medplum then tells of create, update and delete, and older
 * ones look at the first such extension only.
 */
export function webSocketSubscription(
  config: SiteConfig,
  criteria: string,
  publicUrl: string | undefined,
): Subscription {
  return {
    resourceType: 'Subscription',
    meta: { tag: [{ system: DEPLOYMENT_SYSTEM, code: `${publicUrl ?? 'websocket'}/${config.name}` }] },
    status: 'active',
    reason: 'fhir-ai-adapter: orders for AI vendors',
    criteria,
    channel: { type: 'websocket' },
  };
}
