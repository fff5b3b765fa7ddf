/** Aignostics Platform: whole-slide images to readouts of the tumour microenvironment, by the vendor's applications. */
import { defineVendor } from '../contract.ts';
import { advance } from './advance.ts';
import { begin } from './begin.ts';
import { cancel } from './cancel.ts';
import { check } from './check.ts';
import { createEffect } from './create.ts';
import { toFindings } from './findings.ts';
import { login } from './login.ts';
import { options, settings } from './settings.ts';
import { result, state } from './state.ts';
import { credentialOf } from './tokens.ts';
import { watch } from './watch.ts';

export const aignostics = defineVendor({
  name: 'aignostics',
  title: 'Aignostics',
  settings,
  options,
  state,
  result,
  needs: ['slide'],
  connect: ({ baseUrl, timeout }) => ({ baseUrl, timeout }),
  credential: (site) => credentialOf(site),
  begin,
  advance,
  effects: { 'create-run': createEffect },
  watch: (site, waiting) => watch(site, waiting),
  cancel,
  toFindings,
  login,
  check: (site) => check(site),
});
