/** The words of a chunk as they are sent, and their hash. */
import { createHash } from 'node:crypto';

/** Lower-case hex SHA-256 of a text's UTF-8 bytes. */
export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** `chunk/0003`; zero-padded, so that names sort as the text runs. */
export function chunkName(index: number): string {
  return `chunk/${String(index).padStart(4, '0')}`;
}

/** The effect key of a submission. A deliberate resubmission is another call, so it has another key. */
export function effectKey(name: string, submission: number): string {
  return `${name}/${submission}`;
}

/** The chunk's name and submission in an effect key. */
export function readEffectKey(key: string): { name: string; submission: number } | undefined {
  const match = /^(chunk\/\d+)\/(\d+)$/.exec(key);
  return match?.[1] && match[2] ? { name: match[1], submission: Number(match[2]) } : undefined;
}
