import type {Pool} from './pool';

/** GitHub has no longer labels. A longer text matches nothing, which bounds the cost of a comparison. */
const MAX_LABEL_LENGTH = 256;

/** The label of a runner that would have none: GitHub requires at least one. */
const DEFAULT_LABEL = 'self-hosted';

type Lists = Pick<Pool, 'requires' | 'offers'>;

/** Whether a text of `requires` or `offers` is a pattern, which may match several labels. */
export function isLabelPattern(text: string): boolean {
  return text.includes('*');
}

/** Whether `text` matches `pattern`, in which `*` stands for any characters. Case-sensitive. Time: at most the product of both lengths. */
export function wildcardMatches(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let retryFrom = 0;
  for (let read = 0; read < text.length; ) {
    if (pattern[at] === '*') {
      star = at++;
      retryFrom = read;
    } else if (pattern[at] === text[read]) {
      at++;
      read++;
    } else if (star >= 0) {
      at = star + 1;
      read = ++retryFrom;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}

/** The texts of `requires` that no label matches. All in lower case. */
export function missingLabels({requires}: Lists, labels: readonly string[]): string[] {
  return requires.filter((required) => !labels.some((label) => labelMatches(required, label)));
}

/** The labels that match no text of `offers`. All in lower case. */
export function foreignLabels({offers}: Lists, labels: readonly string[]): string[] {
  if (offers === null) return labels.filter((label) => label.length > MAX_LABEL_LENGTH);
  return labels.filter((label) => !offers.some((offered) => labelMatches(offered, label)));
}

/**
 * The labels with which a pool registers the runner of a job: those that the pool requires, without patterns, and those that the job asks
 * for; `self-hosted` if these are none, because GitHub requires a label.
 */
export function registrationLabels(pool: Lists, asked: readonly string[]): string[] {
  const labels = [...new Set([...pool.requires.filter((label) => !isLabelPattern(label)), ...asked])];
  return labels.length > 0 ? labels : [DEFAULT_LABEL];
}

/**
 * The labels with which a pool registers a runner that is created without a job: all that the pool offers, so that any of its jobs can run
 * there; or those that the pool requires, if `offers` is absent or has patterns. Without patterns. Empty: the pool names no label.
 */
export function labelsWithoutJob({requires, offers}: Lists): string[] {
  const isSpeltOut = offers !== null && offers.length > 0 && !offers.some(isLabelPattern);
  return isSpeltOut ? [...offers] : requires.filter((label) => !isLabelPattern(label));
}

/** Whether the label matches a text of `requires` or `offers`. Both in lower case. */
export function labelMatches(pattern: string, label: string): boolean {
  if (!isLabelPattern(pattern)) return pattern === label;
  return label.length <= MAX_LABEL_LENGTH && wildcardMatches(pattern, label);
}

/** What most runners have, and so says little of whom a job is for. */
const COMMON = new Set(['self-hosted', 'linux', 'windows', 'macos', 'x64', 'x86', 'arm', 'arm64']);

/**
 * Whether a job asks for a label that some pool knows: then the job is meant for one of the pools, even if none takes it. `self-hosted`, an
 * operating system and an architecture count only where the job asks for nothing else. Without case.
 */
export function asksForKnownLabel(asked: readonly string[], pools: readonly Lists[]): boolean {
  const labels = asked.map((label) => label.toLowerCase());
  const own = labels.filter((label) => !COMMON.has(label));
  return (own.length > 0 ? own : labels).some((label) => isKnown(label, pools));
}

function isKnown(label: string, pools: readonly Lists[]): boolean {
  return pools.some(({requires, offers}) =>
    [...requires, ...(offers ?? [])].some((pattern) => labelMatches(pattern, label)),
  );
}
