/** The body of `POST /generate`, checked as the vendor does. */
import { z } from 'zod';

/** The vendor's limit; read as code points, as Python counts. */
export const NOTE_LIMIT = 1500;

export interface GenerateRequest {
  note: string;
  specialty: string;
  /** `YYYY-MM-DD`. */
  letterDate: string;
  dateOfBirth: string | null;
}

export type CheckedRequest =
  | { request: GenerateRequest }
  | { status: 400; detail: string }
  | { status: 422; detail: ValidationError[] };

/** One entry of a FastAPI validation answer. */
interface ValidationError {
  type: string;
  loc: string[];
  msg: string;
  input: unknown;
}

const body = z.record(z.string(), z.unknown());
const REQUIRED = ['note', 'specialty'] as const;
const OPTIONAL = ['letter_date', 'patient_dob'] as const;

/** Checks the body; `today` (`YYYY-MM-DD`) is the letter's date where none is given. Unknown keys are ignored. */
export function checkRequest(input: unknown, today: string): CheckedRequest {
  const parsed = body.safeParse(input);
  if (!parsed.success) {
    const error = {
      type: 'model_attributes_type',
      loc: ['body'],
      msg: 'Input should be a valid dictionary',
      input: null,
    };
    return { status: 422, detail: [error] };
  }
  const fields = parsed.data;
  const errors = [
    ...REQUIRED.flatMap((name) => required(fields, name)),
    ...OPTIONAL.flatMap((name) => text(fields, name)),
  ];
  if (errors.length > 0) {
    return { status: 422, detail: errors };
  }
  const note = String(fields.note);
  if (Array.from(note).length > NOTE_LIMIT) {
    return { status: 400, detail: `note must be at most ${NOTE_LIMIT} characters` };
  }
  for (const name of OPTIONAL) {
    if (typeof fields[name] === 'string' && !isDate(fields[name])) {
      return { status: 400, detail: `${name} must be a date in the form YYYY-MM-DD` };
    }
  }
  const date = (value: unknown) => (typeof value === 'string' ? value : null);
  return {
    request: {
      note,
      specialty: String(fields.specialty),
      letterDate: date(fields.letter_date) ?? today,
      dateOfBirth: date(fields.patient_dob),
    },
  };
}

function required(fields: Record<string, unknown>, name: string): ValidationError[] {
  if (name in fields) {
    return typeof fields[name] === 'string' ? [] : [notText(name, fields[name])];
  }
  return [{ type: 'missing', loc: ['body', name], msg: 'Field required', input: fields }];
}

function text(fields: Record<string, unknown>, name: string): ValidationError[] {
  const value = fields[name];
  return value === undefined || value === null || typeof value === 'string' ? [] : [notText(name, value)];
}

function notText(name: string, input: unknown): ValidationError {
  return { type: 'string_type', loc: ['body', name], msg: 'Input should be a valid string', input };
}

const isDate = (value: string) => z.iso.date().safeParse(value).success;
