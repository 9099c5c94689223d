/** The longest time that an answer may take, in milliseconds; the doctor takes up to 30 s. */
const TIMEOUT_MS = 15_000;

/** The root of the function, relative to this page. */
let base = './';

export function setBase(given: string): void {
  base = given;
}

/** The api's answer to a request was a problem, or none came. `message` is for people. */
export class Failure extends Error {}

export interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly body?: object;
  readonly timeoutMs?: number;
}

/**
 * Asks the api, with the session's cookie. A session that is over shows the login.
 *
 * @param path relative to the root of the function, such as `status`
 * @throws Failure
 */
export async function ask<T>(
  path: string,
  {method = 'GET', body, timeoutMs = TIMEOUT_MS}: RequestOptions = {},
): Promise<T> {
  const response = await fetch(base + path, {
    method,
    headers: {Accept: 'application/json', ...(body ? {'Content-Type': 'application/json'} : {})},
    ...(body ? {body: JSON.stringify(body)} : {}),
    credentials: 'same-origin',
    signal: AbortSignal.timeout(timeoutMs),
  }).catch((error: unknown) => {
    throw new Failure(
      error instanceof Error && error.name === 'TimeoutError'
        ? 'the api did not answer in time'
        : 'the api cannot be reached',
    );
  });
  if (response.status === 401) {
    location.reload();
    throw new Failure('the session is over');
  }
  const answer = (await response.json().catch(() => undefined)) as {readonly detail?: string} | undefined;
  if (!response.ok || answer === undefined) throw new Failure(answer?.detail ?? `the api answered ${response.status}`);
  return answer as T;
}

/** Where a form is sent that ends the session. */
export function logOutUrl(): string {
  return `${base}logout`;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
