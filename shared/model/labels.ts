import {isLabel} from './names';
import type {Pool} from './pool';

/** GitHub has no longer labels. A longer text matches nothing, which bounds the cost of a comparison. */
const MAX_LABEL_LENGTH = 256;

/** The label of a runner that would have none: GitHub requires at least one. */
const DEFAULT_LABEL = 'self-hosted';

type Lists = Pick<Pool, 'requires' | 'offers'>;

/** What a job may choose of its machine, by a label `<name>=<value>`. */
export const OPTION_NAMES = ['machine', 'disk', 'spot', 'cpus', 'memory'] as const;

export type OptionName = (typeof OPTION_NAMES)[number];

/** A label of the form of an option, in lower case, with its name and its value. */
export const OPTION = new RegExp(`^(${OPTION_NAMES.join('|')})=(.*)$`, 's');

/** Whether the label is an option for the pool: one that `requires` or `offers` names in so many words is an ordinary label. Lower case. */
export function isOption({requires, offers}: Lists, label: string): boolean {
  return OPTION.test(label) && !requires.includes(label) && !offers?.includes(label);
}

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

/** The labels that match no text of `offers`. All in lower case. Options are compared with `options` of the pool instead: `chooseOptions`. */
export function foreignLabels({requires, offers}: Lists, labels: readonly string[]): string[] {
  if (offers === null) return labels.filter((label) => label.length > MAX_LABEL_LENGTH);
  const ordinary = labels.filter((label) => !isOption({requires, offers}, label));
  return ordinary.filter((label) => !offers.some((offered) => labelMatches(offered, label)));
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
 * operating system and an architecture count only where the job asks for nothing else; an option says nothing of whom the job is for. Without
 * case.
 */
export function asksForKnownLabel(asked: readonly string[], pools: readonly Lists[]): boolean {
  return tellingLabels(asked, pools).some((label) => isKnown(label, pools));
}

/** The labels that say whom a job is for, in lower case; see `asksForKnownLabel`. A label that no runner can have says nothing either. */
export function tellingLabels(asked: readonly string[], pools: readonly Lists[]): string[] {
  const all = asked.filter(isLabel).map((label) => label.toLowerCase());
  const isOptionEverywhere = (label: string) => OPTION.test(label) && pools.every((pool) => isOption(pool, label));
  const labels = all.filter((label) => !isOptionEverywhere(label));
  const own = labels.filter((label) => !COMMON.has(label));
  return own.length > 0 ? own : labels;
}

function isKnown(label: string, pools: readonly Lists[]): boolean {
  return pools.some(({requires, offers}) =>
    [...requires, ...(offers ?? [])].some((pattern) => labelMatches(pattern, label)),
  );
}
