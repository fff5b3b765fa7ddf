/** Every vendor by its name in the configuration. A new one is a folder and a line here. */
import type { Vendor } from './contract.ts';
import { healthsage } from './healthsage/index.ts';

export const vendors: Readonly<Record<string, Vendor>> = {
  healthsage,
};
