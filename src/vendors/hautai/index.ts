/** Haut.AI "Face Skin Metrics 3.0": photos of a face to cosmetic parameters of its skin. */
import { defineVendor } from '../contract.ts';
import { advance } from './advance.ts';
import { begin } from './begin.ts';
import { callback } from './callback.ts';
import { check } from './check.ts';
import { computeEffect } from './compute.ts';
import { PICTURES } from './facts.ts';
import { toFindings } from './findings.ts';
import { openBatch } from './open-batch.ts';
import { options, settings } from './settings.ts';
import { result, type State, state } from './state.ts';
import { credentialOf } from './tokens.ts';

export const hautai = defineVendor({
  name: 'hautai',
  title: 'Haut.AI',
  settings,
  options,
  state,
  result,
  needs: ['picture'],
  pictures: PICTURES,
  connect: ({ baseUrl, timeout }) => ({ baseUrl, timeout }),
  credential: (site) => credentialOf(site),
  begin,
  advance,
  effects: { 'open-batch': openBatch, compute: computeEffect },
  callback,
  again: (done): State => ({
    phase: 'reread',
    photos: done.photos,
    subject: done.subject,
    batch: done.batch,
    subjects: 1,
    opening: 1,
    analysis: 1,
    looks: 0,
    earlier: done.earlier,
    retry: [],
    lost: [],
    previous: done,
  }),
  toFindings,
  check: (site) => check(site),
});
