/** What is wrong with GitHub's lists, on the model's direct ports. */
export interface ListWeather {
  /** By how much `total_count` of the list is wrong this time. `list`: the end of its path. */
  totalOff(list: string): number;
  /** Whether a page of so many items of the list answers 502 this time. */
  fails(list: string, perPage: number): boolean;
}

export const FAIR_LISTS: ListWeather = {totalOff: () => 0, fails: () => false};
