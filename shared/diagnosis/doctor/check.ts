import {withDeadline} from '../../clock';
import {SlipwayError, Unavailable} from '../../errors';
import type {Logger} from '../../logger';
import {QUESTION_MS} from '../../providers/provider';
import {scrubSecrets} from '../../secret';

/** Of real time, for all checks together. */
const ALL_MS = 30_000;

export const STATUSES = ['ok', 'skipped', 'warning', 'error'] as const;

/** `skipped`: there was nothing to check, or what was asked did not answer. */
export type CheckStatus = (typeof STATUSES)[number];

/** What a check found, and what a person can do about it. */
export interface Found {
  readonly status: CheckStatus;
  readonly because: string;
  readonly do: string;
  /** What was asked did not answer. */
  readonly isSilent?: true;
}

/** What the doctor says about one check. */
export interface CheckFinding extends Found {
  /** Stable id: docs/operate.md lists them. */
  readonly check: string;
}

/** One check. `look` changes nothing, and may throw what a port throws. */
export interface Check {
  readonly id: string;
  readonly look: () => Promise<Found>;
}

export function ok(because: string): Found {
  return {status: 'ok', because, do: 'Nothing to do.'};
}

export function skipped(because: string, remedy = 'Nothing to do.'): Found {
  return {status: 'skipped', because, do: remedy};
}

export function warning(because: string, remedy: string): Found {
  return {status: 'warning', because, do: remedy};
}

export function error(because: string, remedy: string): Found {
  return {status: 'error', because, do: remedy};
}

/** Waits for the answer to one question; throws `Unavailable` after five seconds. */
export function ask<T>(whom: string, question: Promise<T>): Promise<T> {
  return withDeadline(QUESTION_MS, question, () => silent(`${whom} did not answer within ${QUESTION_MS / 1000} s`));
}

function silent(because: string): Unavailable {
  return new Unavailable(because, 10);
}

/** A question that several checks have in common: asked once, when the first of them needs it. */
export function once<T>(question: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= question();
    return answer;
  };
}

/** Makes all checks at the same time. Never throws: what a check throws is its finding. */
export async function makeChecks(checks: readonly Check[], logger: Logger): Promise<CheckFinding[]> {
  return Promise.all(
    checks.map(async ({id, look}) => {
      const late = () => silent(`the checks took longer than ${ALL_MS / 1000} s in all`);
      const found = await withDeadline(ALL_MS, look(), late).catch((thrown: unknown) => failed(thrown, id, logger));
      return {check: id, ...found, because: scrubSecrets(found.because)};
    }),
  );
}

/** No answer, or a request to come later, finds nothing out; a refusal is an error. */
function failed(thrown: unknown, id: string, logger: Logger): Found {
  if (!(thrown instanceof SlipwayError)) {
    logger.error(`the check ${id} failed unexpectedly`, {decision: 'failed', error: thrown});
    return error('the check failed unexpectedly', 'Look at the log of api, and report the failure.');
  }
  if (thrown.retryable) return {...skipped(thrown.message, 'Run the doctor again in a minute.'), isSilent: true};
  return error(thrown.message, 'Correct what the message names.');
}

/** The worst status: an error, then a warning. What was skipped is no worse than `ok`. */
export function worst(found: readonly Pick<Found, 'status'>[]): 'ok' | 'warning' | 'error' {
  if (found.some(({status}) => status === 'error')) return 'error';
  return found.some(({status}) => status === 'warning') ? 'warning' : 'ok';
}

/** Several findings as one: its status is the worst, its sentences are those of that status. */
export function together(found: readonly Found[]): Found {
  const status = STATUSES.findLast((each) => found.some((one) => one.status === each)) ?? 'skipped';
  const those = found.filter((one) => one.status === status);
  const [first = skipped('there was nothing to check')] = those;
  return {...first, because: [...new Set(those.map(({because}) => because))].join('; ')};
}
