/** The example order of a cohort: it can be placed, and finds something worth buying in the simulator's inventory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleCohort } from '../../sandbox/examples/cohort.ts';
import { placeExample } from '../../sandbox/examples/place-order.ts';
import { createCases } from '../../sandbox/histai/cases.ts';
import { facetsOf } from '../../sandbox/histai/facets.ts';
import { openSandbox, PATHS } from '../../sandbox/index.ts';
import { isRefusal } from '../../src/vendors/contract.ts';
import { chooseSlides } from '../../src/vendors/histai/choose-slides.ts';
import { criteriaOf } from '../../src/vendors/histai/criteria.ts';
import { fits } from '../../src/vendors/histai/fits.ts';
import { matchFacets } from '../../src/vendors/histai/match-facets.ts';
import { priceOf } from '../../src/vendors/histai/price.ts';

test('it asks for some cases at a moderate price, and every one of its criteria is understood', () => {
  const cases = [...createCases(1_000).values()];
  const focus = exampleCohort().at(-1) ?? assert.fail('no order');
  const criteria = criteriaOf({ focus, options: {} });
  assert.ok(!isRefusal(criteria));
  const { chosen, missing } = matchFacets(
    criteria,
    facetsOf(cases, (values) => values),
  );
  assert.ok(chosen);
  assert.deepEqual(missing, []);
  const organs = chosen.organ.groups.flatMap(({ values }) => values.map(({ value }) => value));
  assert.deepEqual(organs, ['Breast', 'Left breast', 'Right breast']);
  const fitting = cases.filter((one) => fits(one, chosen));
  const { cases: bought, counts, byStain, without } = chooseSlides(fitting, chosen, criteria);
  assert.deepEqual(
    byStain.map(({ stain }) => stain),
    ['ER', 'H&E'],
  );
  assert.deepEqual(
    { bought: bought.length, cents: priceOf(counts, 'A'), without },
    { bought: 5, cents: 23_000, without: 0 },
  );
});

for (const manner of ['medplum', 'hapi'] as const) {
  test(`it can be placed (${manner}), about a kind of people and no patient`, async (t) => {
    const sandbox = await openSandbox({ manner });
    t.after(() => sandbox.close());
    const { order, patient, created } = await placeExample(`${sandbox.url}${PATHS.ehr}`, exampleCohort());
    const read = async (reference = '') => {
      const [type = '', id = ''] = reference.split('/');
      return sandbox.ehr.read(type, id);
    };
    const placed = await read(order);
    assert.ok(placed?.resourceType === 'ServiceRequest');
    const people = await read(placed.subject.reference);
    assert.ok(people?.resourceType === 'Group');
    assert.deepEqual([people.type, people.actual, people.member], ['person', false, undefined]);
    assert.equal(patient, '');
    assert.ok(created.every((reference) => !reference.startsWith('Patient/')));
    assert.ok(exampleCohort().every(({ meta }) => meta?.security?.[0]?.code === 'HTEST'));
  });
}
