/** What an order says that its slides show, in the platform's words. Pure. */
import type { CodeableConcept, Resource, Specimen } from '@medplum/fhirtypes';
import { SYSTEMS } from '../../fhir/terminology.ts';
import type { OrderInput, VendorOrder } from '../contract.ts';
import { DISEASES, type Meaning, TISSUES } from './indications.ts';
import type { Options, Settings } from './settings.ts';

const isBelow = (code: string, category: string) => code === category || code.startsWith(`${category}.`);

/** The first coding that the table knows; several that mean different things mean none. */
function termOf(concepts: readonly CodeableConcept[], table: readonly Meaning[]): string | undefined {
  const terms = concepts.flatMap(({ coding = [] }) =>
    coding.flatMap(({ system, code = '' }) => {
      const known = table.find(
        (one) => one.system === system && (one.below ? isBelow(code, one.code) : code === one.code),
      );
      return known?.term ?? [];
    }),
  );
  const different = [...new Set(terms)];
  return different.length === 1 ? different[0] : undefined;
}

function conceptsOf(resource: Resource, name: 'reasonCode' | 'bodySite' | 'orderDetail'): CodeableConcept[] {
  const concepts = resource.resourceType === 'ServiceRequest' ? resource[name] : undefined;
  return concepts ?? [];
}

/** The specimen that a slide was cut from; where the slide does not say, the order's only one. */
export function specimenOf({ slide }: OrderInput, specimens: readonly Specimen[] = []): Specimen | undefined {
  const named = slide?.specimen;
  return named === undefined
    ? specimens.length === 1
      ? specimens[0]
      : undefined
    : specimens.find(({ id }) => named === `Specimen/${id}` || named.endsWith(`/Specimen/${id}`));
}

/** Of the order's reasons; then the route's. */
export function diseaseOf(order: VendorOrder<Options>, { diseases }: Settings): string | undefined {
  const own = diseases.map(({ disease, ...code }): Meaning => ({ ...code, term: disease }));
  return termOf(conceptsOf(order.focus, 'reasonCode'), [...own, ...DISEASES]) ?? order.options.disease;
}

/** Where the slide's tissue was taken: as the slide says, else its specimen, else the order, else the route. */
export function tissueOf(order: VendorOrder<Options>, input: OrderInput, { tissues }: Settings): string | undefined {
  const own = tissues.map(({ tissue, ...code }): Meaning => ({ ...code, term: tissue }));
  const site = specimenOf(input, order.specimens)?.collection?.bodySite;
  const said = [
    input.slide?.bodySite ? [input.slide.bodySite] : [],
    site ? [site] : [],
    conceptsOf(order.focus, 'bodySite'),
  ].find((concepts) => concepts.length > 0);
  return termOf(said ?? [], [...own, ...TISSUES]) ?? order.options.tissue;
}

const HE_STAIN = '104210008';
const HE_WORDS = /\bh\s*(?:&|\+|and|\/)\s*e\b|ha?ematoxylin/i;
const IMMUNOSTAIN = '117617002';
const OTHER_WORDS = /\bimmuno|\bihc\b|\bpas\b|giemsa|trichrome|\bspecial stain/i;

/** How a slide was stained, where anything says so; the platform knows H&E alone. */
export function stainOf(order: VendorOrder<Options>, input: OrderInput): 'H&E' | 'another' | undefined {
  const steps = specimenOf(input, order.specimens)?.processing ?? [];
  const concepts = [...steps.flatMap(({ procedure }) => procedure ?? []), ...conceptsOf(order.focus, 'orderDetail')];
  const words = [
    ...concepts.map(({ text }) => text),
    ...steps.flatMap(({ description, additive = [] }) => [description, ...additive.map(({ display }) => display)]),
  ].join('\n');
  const codes = concepts.flatMap(({ coding = [] }) =>
    coding.flatMap(({ system, code }) => (system === SYSTEMS.snomed ? (code ?? []) : [])),
  );
  if (codes.includes(IMMUNOSTAIN) || OTHER_WORDS.test(words)) {
    return 'another';
  }
  return codes.includes(HE_STAIN) || HE_WORDS.test(words) ? 'H&E' : undefined;
}
