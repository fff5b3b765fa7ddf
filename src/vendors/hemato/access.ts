/** What a step of an order calls the vendor with. */
import type { Context } from '../contract.ts';
import type { HematoAccess } from './api.ts';
import type { Options, Settings } from './settings.ts';

export type Ctx = Context<Settings, Options>;

export function accessOf(context: Ctx): HematoAccess {
  const { http, settings, signal } = context;
  return { http, settings, signal, now: () => context.now(), tell: (fields, input) => context.disclose(fields, input) };
}
