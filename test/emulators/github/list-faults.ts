/** What is wrong with GitHub's lists, on the model's direct ports. */
export interface ListFaults {
  /** By how much `total_count` of the list is wrong this time. `list`: the end of its path. */
  totalOff(list: string): number;
  /** Whether a page of so many items of the list answers 502 this time. */
  fails(list: string, perPage: number): boolean;
}

export const NO_LIST_FAULTS: ListFaults = {totalOff: () => 0, fails: () => false};
