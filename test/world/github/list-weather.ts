/** What is wrong with GitHub's lists, on the model's direct ports. */
export interface ListWeather {
  /** By how much `total_count` is wrong this time. */
  totalOff(): number;
  /** Whether a page of so many items answers 502 this time. */
  fails(perPage: number): boolean;
}

export const FAIR_LISTS: ListWeather = {totalOff: () => 0, fails: () => false};
