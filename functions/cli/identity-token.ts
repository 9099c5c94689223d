import {execFile} from 'node:child_process';
import type {Environment} from '../../shared/config/variables';
import {Secret} from '../../shared/secret';
import {Failure} from './failure';

const TIMEOUT_MS = 20_000;

/**
 * The identity token of whoever is logged in to Google Cloud, which Cloud Run asks for where `api` is not public.
 *
 * Throws `Failure`, which says what to do.
 * @see https://cloud.google.com/run/docs/authenticating/developers
 */
export function identityToken(env: Environment): Promise<Secret> {
  return new Promise((resolve, reject) => {
    execFile(
      'gcloud',
      ['auth', 'print-identity-token', '--quiet'],
      {env: {...env}, timeout: TIMEOUT_MS, encoding: 'utf8'},
      (error, stdout) => {
        const token = stdout.trim();
        if (!error && /^\S+$/.test(token)) resolve(new Secret(token));
        else reject(new Failure(`Cloud Run wants to know who calls, and ${reason(error)}`));
      },
    );
  });
}

/** What gcloud wrote stays out of it: it may hold anything. */
function reason(error: (Error & {code?: unknown; killed?: boolean}) | null): string {
  if (error?.code === 'ENOENT') {
    return 'gcloud was not found: install it (https://cloud.google.com/sdk) and run gcloud auth login';
  }
  if (error?.killed) {
    return `gcloud auth print-identity-token did not answer within ${TIMEOUT_MS / 1000} s: run it to see why`;
  }
  return 'gcloud auth print-identity-token gave no token: run gcloud auth login';
}
