/** Requests to the adapter's API with the token of this tab. */

const KEY = 'fhir-ai-adapter-token';

export const token = {
  get: () => sessionStorage.getItem(KEY),
  set: (value) => sessionStorage.setItem(KEY, value),
  forget: () => sessionStorage.removeItem(KEY),
};

/** What the API said no with: a problem document, or no answer at all (status 0). */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const authorization = () => `Bearer ${token.get() ?? ''}`;

/** Asks the API; gives the parsed answer, throws Refused. */
export async function ask(path, body) {
  const init = {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      Authorization: authorization(),
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    credentials: 'omit',
  };
  let response;
  let answer;
  try {
    response = await fetch(`api${path}`, init);
    answer = await response.json();
  } catch {
    throw new Refused(response?.status ?? 0, 'The adapter does not answer.');
  }
  if (!response.ok) {
    throw new Refused(response.status, answer.detail ?? `The adapter answered ${response.status}.`);
  }
  return answer;
}

/** Asks for bytes and gives them as text, whatever they are; throws Refused. */
export async function askText(path) {
  let response;
  let text;
  try {
    response = await fetch(`api${path}`, { headers: { Authorization: authorization() }, credentials: 'omit' });
    text = await response.text();
  } catch {
    throw new Refused(response?.status ?? 0, 'The adapter does not answer.');
  }
  if (!response.ok) {
    throw new Refused(response.status, JSON.parse(text).detail);
  }
  return text;
}
