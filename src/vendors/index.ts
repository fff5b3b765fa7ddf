/** Every vendor by its name in the configuration. A new one is a folder and a line here. */
import { aignostics } from './aignostics/index.ts';
import type { Vendor } from './contract.ts';
import { hautai } from './hautai/index.ts';
import { healthsage } from './healthsage/index.ts';
import { hemato } from './hemato/index.ts';
import { histai } from './histai/index.ts';

export const vendors: Readonly<Record<string, Vendor>> = {
  aignostics,
  hautai,
  healthsage,
  hemato,
  histai,
};
