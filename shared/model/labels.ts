import type {Pool} from './pool';

/** Longer ones are no label at GitHub: they match nothing, and nobody pays for the comparison. */
const MAX_LABEL_LENGTH = 256;

/** Where a runner is registered that has no label of its own: GitHub wants at least one. */
const DEFAULT_LABEL = 'self-hosted';

type Lists = Pick<Pool, 'requires' | 'offers'>;

/** Whether a text of `requires` or `offers` stands for more than one label. */
export function isLabelPattern(text: string): boolean {
  return text.includes('*');
}

/** Whether `text` is what `pattern` says, where `*` stands for any characters. Case counts. Takes at most the product of both lengths. */
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

/** The texts of `requires` that none of the labels is. All in lower case. */
export function missingLabels({requires}: Lists, labels: readonly string[]): string[] {
  return requires.filter((required) => !labels.some((label) => labelMatches(required, label)));
}

/** The labels that `offers` does not have. All in lower case. */
export function foreignLabels({offers}: Lists, labels: readonly string[]): string[] {
  if (offers === null) return labels.filter((label) => label.length > MAX_LABEL_LENGTH);
  return labels.filter((label) => !offers.some((offered) => labelMatches(offered, label)));
}

/**
 * What a pool registers the runner of a job with: what it requires, without patterns, and what the job asks for; `self-hosted` where that is
 * nothing, because GitHub wants a label.
 */
export function registrationLabels(pool: Lists, asked: readonly string[]): string[] {
  const labels = [...new Set([...pool.requires.filter((label) => !isLabelPattern(label)), ...asked])];
  return labels.length > 0 ? labels : [DEFAULT_LABEL];
}

/**
 * What a pool registers a runner with that no job has asked for: all that it offers, so that any of its jobs can take the runner; what it
 * requires where `offers` is left out or has patterns. Without patterns; empty: no job could be told to take such a runner.
 */
export function labelsWithoutJob({requires, offers}: Lists): string[] {
  const isSpeltOut = offers !== null && offers.length > 0 && !offers.some(isLabelPattern);
  return isSpeltOut ? [...offers] : requires.filter((label) => !isLabelPattern(label));
}

/** Whether the label is what a text of `requires` or `offers` says. Both in lower case. */
export function labelMatches(pattern: string, label: string): boolean {
  if (!isLabelPattern(pattern)) return pattern === label;
  return label.length <= MAX_LABEL_LENGTH && wildcardMatches(pattern, label);
}
