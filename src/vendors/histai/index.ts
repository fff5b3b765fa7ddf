/** HistAI Pathology Datahub: cohorts of other people's pathology cases, which cost money and are never a patient's. */
import { defineVendor } from '../contract.ts';
import { advance } from './advance.ts';
import { begin } from './begin.ts';
import { cancel } from './cancel.ts';
import { check } from './check.ts';
import { createEffect } from './create.ts';
import { deadline } from './deadline.ts';
import { toFindings } from './findings.ts';
import { payEffect } from './pay.ts';
import { options, settings } from './settings.ts';
import { result, state } from './state.ts';

export const histai = defineVendor({
  name: 'histai',
  title: 'HistAI',
  settings,
  options,
  state,
  result,
  needs: [],
  others: true,
  connect: ({ baseUrl, timeout }) => ({ baseUrl, timeout }),
  credential: ({ apiKey }) => apiKey,
  begin,
  advance,
  effects: { 'create-cohort': createEffect, pay: payEffect },
  cancel,
  deadline,
  toFindings,
  check: (site) => check(site),
});
