/** Runs `work` for each item, at most `most` at a time, until `isOver` returns true. Returns the items that were not started. */
export async function runConcurrently<T>(
  items: readonly T[],
  most: number,
  isOver: () => boolean,
  work: (item: T) => Promise<void>,
): Promise<T[]> {
  let next = 0;
  const workOn = async (): Promise<void> => {
    while (next < items.length && !isOver()) {
      const item = items[next++];
      if (item !== undefined) await work(item);
    }
  };
  await Promise.all(Array.from({length: Math.min(most, items.length)}, workOn));
  return items.slice(next);
}
