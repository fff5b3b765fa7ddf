/**
 * The SMART scopes the adapter asks for, in both spellings (SMART App Launch 2.2.0, "Scopes and Launch Context").
 * Letters stand in the order c r u d s, which v2 servers insist on.
 */

const NEEDS = {
  ServiceRequest: 'rs',
  DocumentReference: 'crus',
  Patient: 'rs',
  Encounter: 'rs',
  Practitioner: 'rs',
  PractitionerRole: 'rs',
  Specimen: 'rs',
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

/** `system/Task.crus …` */
export const SCOPES_V2 = Object.entries(NEEDS)
  .map(([type, letters]) => `system/${type}.${letters}`)
  .join(' ');

/** `system/Task.read system/Task.write …` */
export const SCOPES_V1 = Object.entries(NEEDS)
  .flatMap(([type, letters]) => [
    ...(/[rs]/.test(letters) ? [`system/${type}.read`] : []),
    ...(/[cud]/.test(letters) ? [`system/${type}.write`] : []),
  ])
  .join(' ');

export interface ScopeHints {
  /** `capabilities` and `scopes_supported` of the discovery document. */
  capabilities: readonly string[];
  scopesSupported: readonly string[];
}

/** The spellings to ask for, best first; the second only where the first is answered with invalid_scope. */
export function scopeChoices(hints: ScopeHints): string[] {
  const v2 = hints.capabilities.includes('permission-v2') || hints.scopesSupported.some((scope) => V2.test(scope));
  const v1 = hints.capabilities.includes('permission-v1') || hints.scopesSupported.some((scope) => V1.test(scope));
  return v1 && !v2 ? [SCOPES_V1, SCOPES_V2] : [SCOPES_V2, SCOPES_V1];
}

const V2 = /^(system|user|patient)\/[^.]+\.c?r?u?d?s?(\?|$)/;
const V1 = /^(system|user|patient)\/[^.]+\.(read|write|\*)$/;
