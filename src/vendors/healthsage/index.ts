/** HealthSage "CDT beta": clinical notes to SNOMED CT findings. */
import { AdapterError } from '../../errors.ts';
import { defineVendor } from '../contract.ts';
import { advance } from './advance.ts';
import { healthSageApi } from './api.ts';
import { begin } from './begin.ts';
import { toFindings } from './findings.ts';
import { generate } from './generate.ts';
import { options, settings } from './settings.ts';
import { result, state } from './state.ts';

export const healthsage = defineVendor({
  name: 'healthsage',
  title: 'HealthSage AI',
  settings,
  options,
  state,
  result,
  needs: ['note'],
  connect: ({ baseUrl, timeout }) => ({ baseUrl, timeout }),
  credential: ({ baseUrl, apiKey }) => `${baseUrl} ${apiKey}`,
  begin,
  advance,
  effects: { generate },
  toFindings,
  check: async (site) => {
    const { remaining_tokens, token_limit } = await healthSageApi(site.http, site.settings).usage();
    const of = token_limit === undefined ? '' : ` of ${token_limit}`;
    if (remaining_tokens <= 0) {
      throw new AdapterError(
        'vendor-quota',
        `The key works, but its budget is used up: ${remaining_tokens}${of} output tokens left`,
      );
    }
    return `the key works; ${remaining_tokens}${of} output tokens left`;
  },
});
