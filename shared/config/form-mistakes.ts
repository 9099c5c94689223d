import type {Problems} from './variables';

type Raw = Readonly<Record<string, unknown>>;

/** Keys that a pool has and a flat entry has not. */
const POOL_KEYS = ['provider', 'requires', 'offers', 'repos', 'org'];
const FLAT_KEYS = ['vm_instance_name', 'vm_instance_zone'];

/** The flat form's own names, in the words of the pool that they mean. */
const IN_A_POOL =
  'a pool: requires in place of labels, and provider: {type: gce-vm, instance: …, zone: …} in place of vm_instance_name and ' +
  'vm_instance_zone; or the older list alone, without pools: above it';

export function isRecord(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value without keys that begin with `x-`, at any depth: they are the author's own, e.g. for YAML anchors. */
export function withoutOwnKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutOwnKeys);
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).filter(([key]) => !key.startsWith('x-'));
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutOwnKeys(inner)]));
}

/**
 * Reports what is wrong with the form of the whole text, as a sentence that says what to write. True: the rest of the text is no
 * configuration, and further messages about it would only hide this one.
 */
export function reportForm(value: unknown, root: string, problems: Problems): boolean {
  const mistake = formMistake(value);
  if (mistake) problems.report(root, ...mistake);
  return mistake !== undefined;
}

function formMistake(value: unknown): [found: string, expected: string] | undefined {
  if (typeof value === 'string' && /^[^\s:{}]{1,200}\.(ya?ml|json)$/i.test(value)) {
    return [
      'the name of a file',
      'the pools themselves; the path of a file with them goes into RUNNER_CONFIG_FILE, without RUNNER_CONFIG',
    ];
  }
  if (Array.isArray(value) && value.some((entry) => hasAny(entry, POOL_KEYS)) && !value.some(isFlat)) {
    return ['a list of pools without pools: above it', 'a first line "pools:", and the list below it'];
  }
  if (!isRecord(value) || value['pools'] !== undefined) return undefined;
  if (isFlat(value)) return ['one entry in place of a list', 'a list of such entries: "- " in front of the entry'];
  if (hasAny(value, [...POOL_KEYS, 'repo'])) {
    return ['one pool at the top level', 'a first line "pools:", and below it the pool, with "- " in front of it'];
  }
  return undefined;
}

/** An entry of `pools` as it was meant, where only its words are wrong. `unreadable`: no other message about it would help. */
export type MeantPool = {readonly kind: 'pool'; readonly pool: unknown} | {readonly kind: 'unreadable'};

/** Reports words of the older flat form in a pool, and gives the pool that was meant. */
export function meantPool(pool: unknown, path: string, problems: Problems): MeantPool {
  if (isFlat(pool)) {
    problems.report(path, 'an entry of the older flat form', IN_A_POOL);
    return {kind: 'unreadable'};
  }
  if (!isRecord(pool) || pool['labels'] === undefined) return {kind: 'pool', pool};
  problems.report(
    `${path}.labels`,
    'an unknown key',
    'requires, for labels that a job must ask for; offers, for labels that it may ask for',
  );
  const {labels, ...rest} = pool;
  return {kind: 'pool', pool: {...rest, requires: rest['requires'] ?? labels}};
}

function isFlat(entry: unknown): boolean {
  return hasAny(entry, FLAT_KEYS);
}

function hasAny(value: unknown, keys: readonly string[]): boolean {
  return isRecord(value) && keys.some((key) => value[key] !== undefined);
}
