/** Where DICOMweb has the instances of an ImagingStudy. */
import type { Endpoint, ImagingStudy, Reference, Resource } from '@medplum/fhirtypes';
import { localReference } from './references.ts';
import type { FhirClient } from './types.ts';

const WADO = 'dicom-wado-rs';
/** As it is stored: left out, a server would decompress gigabytes of pixels. */
export const INSTANCE = 'multipart/related; type="application/dicom"; transfer-syntax=*';

const PLACE = /^series\/([0-9.]{1,64})\/instances\/([0-9.]{1,64})$/;
const UID = /^(?:urn:oid:)?([0-9][0-9.]{0,63})$/;

const isWado = (resource: Resource | undefined): resource is Endpoint =>
  resource?.resourceType === 'Endpoint' &&
  resource.connectionType?.code === WADO &&
  (resource.status === undefined || resource.status === 'active' || resource.status === 'test');

async function endpointOf(
  client: FhirClient,
  study: ImagingStudy,
  references: readonly Reference[],
): Promise<Endpoint | undefined> {
  for (const reference of references) {
    const local = localReference(client.baseUrl, reference);
    const inside = study.contained?.find(({ id }) => `#${id}` === reference.reference);
    const found =
      inside ?? (local?.type === 'Endpoint' ? await client.read<Endpoint>('Endpoint', local.id) : undefined);
    if (isWado(found)) {
      return found;
    }
  }
  return undefined;
}

/**
 * The address of the instance at a `place` of a study as the study is now; undefined: the study does not have it (any
 * more), or no endpoint that gives it.
 */
export async function instanceAddress(
  client: FhirClient,
  study: ImagingStudy,
  place: string,
): Promise<string | undefined> {
  const [, seriesUid, instanceUid] = PLACE.exec(place) ?? [];
  const isNamed = (text: string | undefined, uid: string | undefined) =>
    uid !== undefined && UID.exec(text ?? '')?.[1] === uid;
  const series = study.series?.find(({ uid }) => isNamed(uid, seriesUid));
  const instance = series?.instance?.find(({ uid }) => isNamed(uid, instanceUid));
  const named = (study.identifier ?? []).flatMap(({ system, value }) =>
    system === 'urn:dicom:uid' ? (UID.exec(value ?? '')?.[1] ?? []) : [],
  );
  const [studyUid] = named;
  if (!series || !instance || studyUid === undefined) {
    return undefined;
  }
  // The series' own come first: an archive may have moved it.
  const endpoint = await endpointOf(client, study, [...(series.endpoint ?? []), ...(study.endpoint ?? [])]);
  const base = endpoint?.address?.replace(/\/+$/, '');
  return base && `${base}/studies/${studyUid}/series/${seriesUid}/instances/${instanceUid}`;
}
