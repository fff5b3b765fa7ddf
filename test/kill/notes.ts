import { z } from 'zod';

export interface PlacedNote {
  index: number;
  text: string;
  patient: string;
  id: string;
}

const DISORDERS = [
  'Type 2 diabetes mellitus since 2014',
  'Essential hypertension since 2009',
  'Hyperlipidaemia since 2011',
];

/** A note of two chunks, different for each index and saying so, with the same findings in all. */
export function noteOf(index: number): string {
  const filler = `Visit number ${index} of this series was uneventful and long. `.repeat(22);
  return `History\n${DISORDERS.join('. ')}. Visit ${index}.\n\nCourse\n${filler}\n\nAssessment\nProbable heart failure, seen at visit ${index}. Exertional dyspnoea. No chest pain.\n\nProcedures\nLaparoscopic cholecystectomy in March 2019 (${index}).\n`;
}

export async function placePatient(ehrUrl: string, index: number): Promise<string> {
  const id = await create(ehrUrl, {
    resourceType: 'Patient',
    name: [{ family: `Patient${index}` }],
    birthDate: '1958-02-03',
  });
  return `Patient/${id}`;
}

/** Places the note as an order; gives the DocumentReference's id. */
export async function placeNote(ehrUrl: string, note: PlacedNote): Promise<string> {
  return create(ehrUrl, {
    resourceType: 'DocumentReference',
    status: 'current',
    docStatus: 'final',
    type: { coding: [{ system: 'http://loinc.org', code: '11506-3' }] },
    subject: { reference: note.patient },
    date: '2026-11-20T09:00:00Z',
    content: [{ attachment: { contentType: 'text/plain', data: Buffer.from(note.text).toString('base64') } }],
  });
}

async function create(ehrUrl: string, resource: { resourceType: string; [key: string]: unknown }): Promise<string> {
  const response = await fetch(`${ehrUrl}/${resource.resourceType}`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/fhir+json',
      Accept: 'application/fhir+json',
      Prefer: 'return=representation',
    },
    body: JSON.stringify(resource),
  });
  return z.object({ id: z.string() }).parse(await response.json()).id;
}
