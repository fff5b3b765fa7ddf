/**
 * The SMART scopes the adapter asks for, in both spellings (SMART App Launch 2.2.0, "Scopes and Launch Context"), and
 * what is missing of them in what was granted. Letters stand in the order c r u d s, which v2 servers insist on. Pure.
 */

const NEEDS = {
  ServiceRequest: 'rs',
  DocumentReference: 'crus',
  Patient: 'rs',
  Encounter: 'rs',
  Practitioner: 'rs',
  PractitionerRole: 'rs',
  Specimen: 'rs',
  ImagingStudy: 'rs',
  Endpoint: 'r',
  Consent: 'rs',
  Subscription: 'cruds',
  Task: 'crus',
  DiagnosticReport: 'crus',
  Observation: 'crus',
  Condition: 'crus',
  Procedure: 'crus',
  Provenance: 'crus',
  // Deleted are only the traces of the atomicity probe.
  Device: 'cruds',
  Organization: 'crus',
  Binary: 'cr',
  Media: 'crus',
  AuditEvent: 'c',
} as const satisfies Record<string, string>;

/**
 * Instead of those or beside them, only where a site has a vendor whose results are about other people (`others` of the
 * vendor contract): who has none asks for nothing that it was not registered for.
 */
const FOR_OTHERS: Needs = { Group: 'crus', Patient: 'crus' };

type Needs = Readonly<Record<string, string>>;

const v2 = (needs: Needs): string =>
  Object.entries(needs)
    .map(([type, letters]) => `system/${type}.${letters}`)
    .join(' ');

const v1 = (needs: Needs): string =>
  Object.entries(needs)
    .flatMap(([type, letters]) => [
      ...(/[rs]/.test(letters) ? [`system/${type}.read`] : []),
      ...(/[cud]/.test(letters) ? [`system/${type}.write`] : []),
    ])
    .join(' ');

/** `system/Task.crus …` */
export const SCOPES_V2 = v2(NEEDS);

/** `system/Task.read system/Task.write …` */
export const SCOPES_V1 = v1(NEEDS);

export interface ScopeHints {
  /** `capabilities` and `scopes_supported` of the discovery document. */
  capabilities: readonly string[];
  scopesSupported: readonly string[];
  /** The site has a vendor whose results are about other people. */
  others?: boolean;
}

/**
 * What to ask for, best first; the next only where one is answered with invalid_scope. Last, of what the server names
 * itself, what is for us: a client that is registered for less than all is refused the whole by some.
 */
export function scopeChoices(hints: ScopeHints): string[] {
  const needs: Needs = hints.others ? { ...NEEDS, ...FOR_OTHERS } : NEEDS;
  const takesV2 = hints.capabilities.includes('permission-v2') || hints.scopesSupported.some((scope) => V2.test(scope));
  const takesV1 = hints.capabilities.includes('permission-v1') || hints.scopesSupported.some((scope) => V1.test(scope));
  const spellings = takesV1 && !takesV2 ? [v1(needs), v2(needs)] : [v2(needs), v1(needs)];
  const named = [...new Set(hints.scopesSupported.filter((scope) => isForUs(scope, needs)))].join(' ');
  return named === '' || spellings.includes(named) ? spellings : [...spellings, named];
}

const V2 = /^(system|user|patient)\/[^.]+\.c?r?u?d?s?(\?|$)/;
const V1 = /^(system|user|patient)\/[^.]+\.(read|write|\*)$/;

function isForUs(scope: string, needs: Needs): boolean {
  const type = /^system\/(\*|[A-Z][A-Za-z]*)\.(?!$)/.exec(scope)?.[1];
  return type !== undefined && (type === '*' || type in needs) && (V1.test(scope) || V2.test(scope));
}

export interface MissingScope {
  type: string;
  /** Of c r u d s, those that are not granted. */
  letters: string;
  /** Only results about other people need it. */
  others?: true;
}

/**
 * One scope as it was granted. The order of letters is the server's business here: `.sr` is read as `.rs`. Whatever is
 * narrowed by a search (`?category=…`) counts, because what it leaves us shows only in use.
 */
const SCOPE = /^(?:system|user)\/(\*|[A-Z][A-Za-z]*)\.(read|write|\*|[cruds]{1,5})(?:\?.*)?$/;
const LETTERS: Record<string, string> = { read: 'rs', write: 'cud', '*': 'cruds' };

/**
 * What of the adapter's scopes is not among the granted ones. `known` is false where none of them is a SMART scope: such
 * servers rule access elsewhere (Medplum by its access policies), and nothing can be said.
 */
export function missingScopes(granted: string, others = false): { known: boolean; missing: MissingScope[] } {
  const allowed = new Map<string, string>();
  for (const scope of granted.split(/\s+/)) {
    const [, type, said] = SCOPE.exec(scope) ?? [];
    if (type !== undefined && said !== undefined) {
      allowed.set(type, (allowed.get(type) ?? '') + (LETTERS[said] ?? said));
    }
  }
  if (allowed.size === 0) {
    return { known: false, missing: [] };
  }
  const lacking = (needs: Needs): MissingScope[] =>
    Object.entries(needs).flatMap(([type, wanted]) => {
      const has = `${allowed.get(type) ?? ''}${allowed.get('*') ?? ''}`;
      const letters = [...wanted].filter((letter) => !has.includes(letter)).join('');
      return letters === '' ? [] : [{ type, letters }];
    });
  const missing = lacking(NEEDS);
  const already = new Map(missing.map(({ type, letters }) => [type, letters]));
  const beside = (others ? lacking(FOR_OTHERS) : []).flatMap(({ type, letters }): MissingScope[] => {
    const more = [...letters].filter((letter) => !already.get(type)?.includes(letter)).join('');
    return more === '' ? [] : [{ type, letters: more, others: true }];
  });
  return { known: true, missing: [...missing, ...beside] };
}
