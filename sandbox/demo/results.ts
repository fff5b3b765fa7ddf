import type { CodeableConcept, Observation, Resource, Task, TaskOutput } from '@medplum/fhirtypes';

/** A face photo has a hundred results: more than anybody reads in a terminal. */
const MOST_ROWS = 26;

/** Prints what an order's Task names as its outputs, as a small table. */
export async function showResults(options: { ehrUrl: string; task: string; say(line: string): void }): Promise<void> {
  const { ehrUrl, say } = options;
  const read = async <T>(reference: string): Promise<T> => {
    const response = await fetch(`${ehrUrl}/${reference}`, { headers: { Accept: 'application/fhir+json' } });
    return (await response.json()) as T;
  };
  const task = await read<Task>(options.task);
  const references = (task.output ?? []).flatMap((output) => output.valueReference?.reference ?? []);
  const resources = await Promise.all(
    references.filter((one) => !one.startsWith('#')).map((one) => read<Resource>(one)),
  );
  const figures = (task.output ?? []).flatMap((output) => figureOf(output));
  const rows = [...figures, ...resources.slice(0, MOST_ROWS).map(rowOf)];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows) {
    say(
      `  ${row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd()}`,
    );
  }
  if (resources.length > MOST_ROWS) {
    say(`  … and ${resources.length - MOST_ROWS} more`);
  }
  say(`\n  ${options.task}  ${task.status}`);
}

/** A figure of the Task's own, as a row. */
function figureOf({ type, valueInteger: integer, valueMoney: money }: TaskOutput): string[][] {
  const value = money ? `${money.value?.toFixed(2)} ${money.currency}` : integer?.toString();
  return value === undefined ? [] : [['Task', codeOf(type), '', value]];
}

function rowOf(resource: Resource): string[] {
  switch (resource.resourceType) {
    case 'Condition':
      return [
        'Condition',
        codeOf(resource.code),
        resource.verificationStatus?.coding?.[0]?.code ?? '',
        resource.onsetDateTime ?? resource.onsetString ?? '',
      ];
    case 'Procedure':
      return [
        'Procedure',
        codeOf(resource.code),
        resource.status,
        resource.performedDateTime ?? resource.performedString ?? '',
      ];
    case 'Observation':
      return ['Observation', codeOf(resource.code), resource.status, observed(resource)];
    case 'Media':
      return ['Media', resource.content.title ?? '', resource.status, resource.content.contentType ?? ''];
    case 'DocumentReference': {
      const attachment = resource.content[0]?.attachment;
      return ['DocumentReference', attachment?.title ?? '', resource.status, attachment?.contentType ?? ''];
    }
    case 'DiagnosticReport':
      return ['DiagnosticReport', resource.code.text ?? codeOf(resource.code), resource.status, ''];
    case 'Group':
      return ['Group', resource.name ?? '', '', resource.quantity === undefined ? '' : `${resource.quantity} people`];
    default:
      return [resource.resourceType, resource.id ?? '', '', ''];
  }
}

/** The value, else what its components say, as far as it fits on a line. */
function observed({ valueQuantity: quantity, component = [], ...resource }: Observation): string {
  const concept = resource.valueCodeableConcept;
  const value =
    quantity === undefined
      ? (concept?.coding?.[0]?.display ?? concept?.text ?? resource.valueString ?? resource.valueInteger?.toString())
      : `${quantity.value} ${quantity.unit ?? ''}`;
  const parts = component.map((one) => `${codeOf(one.code)} ${one.valueQuantity?.value ?? one.valueString ?? ''}`);
  const text = [...(value === undefined ? [] : [value]), ...parts].join('; ').trim();
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

/** A code of a published terminology with its name; of our own codes the name alone. */
function codeOf(concept: CodeableConcept | undefined): string {
  const coding = concept?.coding?.[0];
  const name = coding?.display ?? concept?.text;
  const isOwn = coding?.system?.startsWith('urn:') === true && name !== undefined;
  return [isOwn ? undefined : coding?.code, name].filter(Boolean).join(' ');
}
