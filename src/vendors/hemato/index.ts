/** Hemato.AI's Diagnostic API: pictures of blood smears to counts, findings and suggestions. */
import { defineVendor } from '../contract.ts';
import { advance } from './advance.ts';
import { studyOfCallback } from './answers.ts';
import { hello } from './api.ts';
import { again, begin } from './begin.ts';
import { createStudy } from './create.ts';
import { PICTURES } from './facts.ts';
import { toFindings } from './findings.ts';
import { requestTasks } from './request.ts';
import { options, type Settings, settings } from './settings.ts';
import { result, state } from './state.ts';

/** Who logs in, with what: two sites with the same log-in share its budget. */
function credential({ baseUrl, auth }: Settings): string {
  switch (auth.type) {
    case 'demo':
      return `${baseUrl} demo`;
    case 'session':
      return `${baseUrl} ${auth.user} ${auth.password}`;
    case 'key-pair':
      return `${baseUrl} ${auth.issuer} ${auth.subject} ${auth.kid}`;
  }
}

export const hemato = defineVendor({
  name: 'hemato',
  title: 'Hemato.AI',
  settings,
  options,
  state,
  result,
  needs: ['picture'],
  pictures: PICTURES,
  connect: ({ baseUrl, timeout }) => ({ baseUrl, timeout }),
  credential,
  begin,
  advance,
  effects: { 'create-study': createStudy, 'request-tasks': requestTasks },
  /** A callback is unsigned: one that names another study is none of ours, any other has us look. */
  callback: (body, { study }) => {
    const named = studyOfCallback(body);
    return named === undefined || study === undefined || named === study;
  },
  again,
  toFindings,
  check: async ({ settings: site, http }) => {
    const { version, confirmed } = await hello({ http, settings: site, now: () => new Date() });
    const said = confirmed ? `the log-in works (${site.auth.type})` : `a token is there (${site.auth.type})`;
    const unsure = confirmed ? '' : '; this host has no call to try it with';
    return `${said}${unsure}${version === undefined ? '' : `; service ${version}`}`;
  },
});
