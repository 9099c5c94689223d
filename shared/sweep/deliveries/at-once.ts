/** Does `work` for each item, so many at a time, until there are no more or `isOver` says so. Returns the items that were not begun. */
export async function atOnce<T>(
  items: readonly T[],
  most: number,
  isOver: () => boolean,
  work: (item: T) => Promise<void>,
): Promise<T[]> {
  let next = 0;
  const goOn = async (): Promise<void> => {
    while (next < items.length && !isOver()) {
      const item = items[next++];
      if (item !== undefined) await work(item);
    }
  };
  await Promise.all(Array.from({length: Math.min(most, items.length)}, goOn));
  return items.slice(next);
}
