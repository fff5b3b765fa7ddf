/**
 * Which side of the face a photo shows. The convention, because the vendor defines none: left and right are the
 * subject's own. The left photo shows the subject's left cheek, as a left lateral projection does in SNOMED CT and DICOM.
 */
import type { CodeableConcept } from '@medplum/fhirtypes';
import { SYSTEMS } from '../../fhir/terminology.ts';
import { SIDES, type Side } from './facts.ts';

/** SNOMED CT views of DICOM's tables for photographs and projections, and plain laterality. */
const SNOMED: ReadonlyMap<string, Side> = new Map([
  // Frontal projection, antero-posterior projection.
  ['399033003', 'front'],
  ['399348003', 'front'],
  // Left lateral projection, left lateral oblique, left oblique, left.
  ['399173006', 'left'],
  ['260421001', 'left'],
  ['399184004', 'left'],
  ['7771000', 'left'],
  // Right lateral projection, right lateral oblique, right oblique, right.
  ['399198007', 'right'],
  ['260424009', 'right'],
  ['399236003', 'right'],
  ['24028007', 'right'],
]);

const WORDS: Record<Side, RegExp> = {
  front: /\b(front|frontal|anterior|full[ -]face|en[ -]face)\b/i,
  left: /\bleft\b/i,
  right: /\bright\b/i,
};

/** "front_left" is words, too. */
function inWords(text: string | undefined): Side[] {
  const words = text?.replaceAll('_', ' ') ?? '';
  return SIDES.filter((side) => WORDS[side].test(words));
}

/** The one side that all who say something agree on; undefined where nothing is said or two sides are. */
export function sideOf(view: CodeableConcept | undefined): Side | undefined {
  const coded = (view?.coding ?? []).flatMap(({ system, code }) => {
    return system === SYSTEMS.snomed ? (SNOMED.get(code ?? '') ?? []) : inWords(code);
  });
  const said =
    coded.length > 0 ? coded : [view?.text, ...(view?.coding ?? []).map((one) => one.display)].flatMap(inWords);
  const sides = [...new Set(said)];
  return sides.length === 1 ? sides[0] : undefined;
}
