/** Runs `work` for so many items at a time, and yields the results of each batch: a caller may stop between them. Throws what `work` throws. */
export async function* batches<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<readonly R[], void> {
  for (let from = 0; from < items.length; from += atOnce) {
    yield await Promise.all(items.slice(from, from + atOnce).map(work));
  }
}
