import fc from 'fast-check';

type Path = readonly (string | number)[];

/** Values that parsers trip over. */
const ODD = fc.oneof(
  fc.jsonValue({maxDepth: 2}),
  fc.constantFrom(
    null,
    '',
    '__proto__',
    -1,
    0,
    1.5,
    2 ** 53,
    1e308,
    '2026-13-45T99:99:99Z',
    'a/b/c',
    'a'.repeat(5_000),
    '💥\u0000\ud800',
    [],
    {},
    [[[[]]]],
    {toString: 1, length: -1},
  ),
);

/** The JSON value with up to three of its parts replaced by odd ones, or left out. */
export function mutatedJson(value: unknown): fc.Arbitrary<unknown> {
  const paths = pathsOf(value);
  const change = fc.tuple(fc.constantFrom(...paths), fc.option(ODD, {nil: undefined, freq: 5}));
  return fc.array(change, {minLength: 0, maxLength: 3}).map((changes) => {
    let mutated = structuredClone(value);
    for (const [path, odd] of changes) mutated = replaced(mutated, path, odd);
    return mutated;
  });
}

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, part]) => pathsOf(part, [...path, key]))];
}

/** `odd` undefined leaves the part out. */
function replaced(value: unknown, [key, ...rest]: Path, odd: unknown): unknown {
  if (key === undefined) return odd;
  if (typeof value !== 'object' || value === null) return value;
  const copy: Record<string, unknown> = Array.isArray(value)
    ? ([...value] as unknown as Record<string, unknown>)
    : {...value};
  if (rest.length > 0) copy[key] = replaced(copy[key], rest, odd);
  else if (odd === undefined) delete copy[key];
  else copy[key] = odd;
  return copy;
}
