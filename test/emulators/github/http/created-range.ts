/**
 * Whether a time is in a range of GitHub's search syntax: `>=T`, `>T`, `<=T`, `<T`, `A..B` (`*` is open), a day, or a time.
 * @see https://docs.github.com/en/search-github/getting-started-with-searching-on-github/understanding-the-search-syntax#query-for-dates
 */
export function inRange(ms: number, range: string): boolean {
  const between = /^(.+)\.\.(.+)$/.exec(range);
  if (between) {
    const [, from = '*', to = '*'] = between;
    return (from === '*' || ms >= Date.parse(from)) && (to === '*' || ms <= endOf(to));
  }
  const [, operator = '', time = ''] = /^([<>]=?)?(.+)$/.exec(range) ?? [];
  switch (operator) {
    case '>=':
      return ms >= Date.parse(time);
    case '>':
      return ms > endOf(time);
    case '<=':
      return ms <= endOf(time);
    case '<':
      return ms < Date.parse(time);
    default:
      return ms >= Date.parse(time) && ms <= endOf(time);
  }
}

/** A day ends with its last millisecond, a time with its second. */
function endOf(time: string): number {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(time);
  return Date.parse(time) + (isDay ? 86_400_000 : 1000) - 1;
}
