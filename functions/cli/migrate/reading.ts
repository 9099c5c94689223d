/** A part of the other system's file, e.g. one pool, under translation. */
export interface Reading<T> {
  /** The part. What is read through it is marked, a list of plain values as a whole. Spreading it or `Object.entries` of it marks all of it. */
  readonly fields: T;
  /**
   * What nobody has read until now, a line for each thing to say about it: the names of the fields, never their values, which may be
   * secrets. Empty values say nothing and are left out.
   */
  unread(equivalents: Equivalents): string[];
}

/**
 * What to say about a field that is not translated, by its name, or by several names of its path joined by dots. Of the keys that stand in
 * the path the one farthest from the root is taken. A key that ends in a dot: each field below it is named in full. `STATE`: nothing is said.
 */
export type Equivalents = Readonly<Record<string, string>>;

/** For what the other system writes by itself: ids, times, what runs at present. It is no configuration. */
export const STATE = '';

export function none(reason: string): string {
  return `no equivalent: ${reason}`;
}

const UNKNOWN = none('not known');

export function reading<T extends object>(part: T): Reading<T> {
  const marked = new Set<string>();
  return {
    fields: watch(part, '', marked),
    unread: (equivalents) => {
      const all = leavesOf(part).map((leaf) => ({...leaf, said: saidOf(leaf.names, equivalents)}));
      const unread = all.filter(({at}) => !marked.has(at));
      const isTaken = (prefix: string) =>
        all.some(({at, names, said}) => `${names.join('.')}.`.startsWith(prefix) && (marked.has(at) || said));
      return grouped(
        unread.map(({names, said}) => said ?? {name: highest(names, isTaken), text: UNKNOWN}).filter(({text}) => text),
      );
    },
  };
}

function watch<T extends object>(target: T, path: string, marked: Set<string>): T {
  return new Proxy(target, {
    get: (of, key) => {
      const value: unknown = Reflect.get(of, key);
      if (typeof key === 'symbol' || !Object.hasOwn(of, key)) return value;
      const at = below(path, key);
      if (!isPlain(value)) return watch(value as object, at, marked);
      marked.add(at);
      return value;
    },
  });
}

/** The path of a field as it is marked: any name may hold a dot. */
function below(path: string, key: string): string {
  return `${path}\n${key}`;
}

/** Read as a whole: no object, and no list of objects or lists. */
function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Array.isArray(value) && value.every((one) => typeof one !== 'object' || one === null);
}

interface Leaf {
  readonly at: string;
  /** The names on the way to it, without the places in lists. */
  readonly names: readonly string[];
}

function leavesOf(value: unknown, at = '', names: readonly string[] = []): Leaf[] {
  if (value === undefined || value === null || value === '') return [];
  if (isPlain(value)) return Array.isArray(value) && value.length === 0 ? [] : [{at, names}];
  return Object.entries(value).flatMap(([key, one]) =>
    leavesOf(one, below(at, key), Array.isArray(value) ? names : [...names, key]),
  );
}

interface Said {
  readonly name: string;
  readonly text: string;
}

function saidOf(names: readonly string[], equivalents: Equivalents): Said | undefined {
  const path = `.${names.join('.')}.`;
  const found = Object.keys(equivalents).flatMap((key) => {
    const inFull = key.endsWith('.');
    const at = path.lastIndexOf(`.${key}${inFull ? '' : '.'}`);
    return at < 0 ? [] : [{key, at, end: at + key.length + (inFull ? 0 : 1), inFull}];
  });
  // The deepest; of two that end at the same name, the longer one.
  const [best] = found.sort((a, b) => b.end - a.end || a.at - b.at);
  if (!best) return undefined;
  return {name: path.slice(1, best.inFull ? -1 : best.end), text: equivalents[best.key] ?? UNKNOWN};
}

/** The field nearest to the root below which nothing is read or known. */
function highest(names: readonly string[], isTaken: (prefix: string) => boolean): string {
  const from = names.findIndex((_, index) => !isTaken(`${names.slice(0, index + 1).join('.')}.`));
  return names.slice(0, from + 1).join('.');
}

function grouped(all: readonly Said[]): string[] {
  const names = new Map<string, Set<string>>();
  for (const {name, text} of all) names.set(text, (names.get(text) ?? new Set()).add(name));
  return [...names].map(([text, of]) => `${[...of].join(', ')}: ${text}`);
}
