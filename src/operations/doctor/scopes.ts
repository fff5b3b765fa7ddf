/** Which scopes a token lacks, in either spelling of SMART App Launch 2.2.0. Pure. */
import { SCOPES_V2 } from '../../fhir/auth/scopes.ts';

export interface MissingScope {
  type: string;
  /** Of c r u d s, those that are not granted. */
  letters: string;
}

const SCOPE = /^(?:system|user)\/(\*|[A-Z][A-Za-z]*)\.(read|write|\*|c?r?u?d?s?)(?:\?.*)?$/;
const V1: Record<string, string> = { read: 'rs', write: 'cud', '*': 'cruds' };

/**
 * What of the adapter's scopes is not among the granted ones. `known` is false where none of them is a SMART scope: such
 * servers rule access elsewhere (Medplum by its access policies), and nothing can be said.
 */
export function missingScopes(granted: string): { known: boolean; missing: MissingScope[] } {
  const allowed = new Map<string, string>();
  for (const scope of granted.split(/\s+/)) {
    const [, type, said] = SCOPE.exec(scope) ?? [];
    if (type !== undefined && said !== undefined && said !== '') {
      allowed.set(type, (allowed.get(type) ?? '') + (V1[said] ?? said));
    }
  }
  const missing = SCOPES_V2.split(' ').flatMap((scope): MissingScope[] => {
    const [, type = '', needs = ''] = SCOPE.exec(scope) ?? [];
    const has = `${allowed.get(type) ?? ''}${allowed.get('*') ?? ''}`;
    const letters = [...needs].filter((letter) => !has.includes(letter)).join('');
    return letters === '' ? [] : [{ type, letters }];
  });
  return { known: allowed.size > 0, missing };
}
