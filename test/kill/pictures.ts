import type { Resource } from '@medplum/fhirtypes';
import { exampleFace } from '../../sandbox/examples/face.ts';
import { placeExample } from '../../sandbox/examples/place-order.ts';
import { exampleSmear } from '../../sandbox/examples/smear.ts';

const EXAMPLES = { hemato: exampleSmear, hautai: exampleFace };

/** The patient of the order `index`, so that each is somebody's own. */
function of(index: number, resource: Resource): Resource {
  return resource.resourceType === 'Patient'
    ? { ...resource, identifier: [{ system: 'urn:oid:2.16.840.1.113883.2.4.99.1', value: `KILL-${index}` }] }
    : resource;
}

/** Places the vendor's example as an order of a patient of its own; gives the ServiceRequest's id. */
export async function placePicture(ehrUrl: string, vendor: keyof typeof EXAMPLES, index: number): Promise<string> {
  const resources = EXAMPLES[vendor]().map((resource) => of(index, resource));
  const { order } = await placeExample(ehrUrl, resources);
  return order.slice(order.indexOf('/') + 1);
}
