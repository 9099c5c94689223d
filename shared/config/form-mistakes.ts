import type {Problems} from './variables';

type Raw = Readonly<Record<string, unknown>>;

/** Keys of a pool that an entry of the flat form does not have, and the reverse. */
const POOL_KEYS = ['provider', 'requires', 'offers', 'repos', 'org'];
const FLAT_KEYS = ['vm_instance_name', 'vm_instance_zone'];

/** How to write an entry of the flat form as a pool. */
const AS_POOL =
  'a pool: requires in place of labels, and provider: {type: gce-vm, instance: …, zone: …} in place of vm_instance_name and ' +
  'vm_instance_zone; or the older list alone, without pools: above it';

export function isRecord(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value without keys that begin with `x-`, at any depth: the author may use such keys freely, e.g. for YAML anchors. */
export function withoutOwnKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutOwnKeys);
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).filter(([key]) => !key.startsWith('x-'));
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutOwnKeys(inner)]));
}

/**
 * Reports a mistake in the form of the whole text, and says what to write instead. Returns true if there is one: then the text is not checked
 * further, because more messages would hide this one.
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

/** An entry of `pools`, with keys of the older flat form corrected. `unreadable`: the mistake is reported, and further messages would not help. */
export type MeantPool = {readonly kind: 'pool'; readonly pool: unknown} | {readonly kind: 'unreadable'};

/** Reports keys of the older flat form in a pool, and returns the pool with the keys corrected. */
export function meantPool(pool: unknown, path: string, problems: Problems): MeantPool {
  if (isFlat(pool)) {
    problems.report(path, 'an entry of the older flat form', AS_POOL);
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
