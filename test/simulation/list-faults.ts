import type {ListFaults} from '../emulators/github/list-faults';
import type {SeededRandom} from '../emulators/seeded-random';
import {NOBODYS} from './pools';
import type {Setting} from './scenario';

const SMALL_PAGE = 1;

/** A small page has one item where GitHub's has 30, so that a long list has thirty times as many of them: one of so many bad pages is bad whatever its size. */
const BAD_WHEN_SMALL = 30;

export interface ListFaultOptions extends Pick<Setting, 'badPages' | 'brokenLists'> {
  readonly random: SeededRandom;
  /** The labels of the jobs of a run. */
  readonly labelsOf: (runId: number) => readonly string[];
}

/**
 * What is wrong with GitHub's lists. Now and then (`badPages`) a total that is one too high or too low, and a page that answers 502: mostly
 * only when it is large, sometimes whatever its size. Always (`brokenLists`), for lists of runs and jobs: the total is one too high, large pages
 * answer 502, or the jobs of runs that are nobody's do.
 */
export function listFaults({random, badPages = 0, brokenLists, labelsOf}: ListFaultOptions): ListFaults {
  const strikes = () => badPages > 0 && random.below(1000) < badPages;
  const isOfRuns = (list: string) => list.startsWith('runs');
  const isNobodys = (list: string) => {
    const [, run] = /^runs\/(\d+)\/jobs$/.exec(list) ?? [];
    return run !== undefined && labelsOf(Number(run)).includes(NOBODYS);
  };
  return {
    totalOff: (list) => {
      if (brokenLists === 'total' && isOfRuns(list)) return 1;
      return strikes() ? (random.below(2) === 0 ? 1 : -1) : 0;
    },
    fails: (list, perPage) => {
      if (brokenLists === 'large' && isOfRuns(list) && perPage > SMALL_PAGE) return true;
      if (brokenLists === 'nobodys' && isNobodys(list)) return true;
      return strikes() && (perPage > SMALL_PAGE || random.below(BAD_WHEN_SMALL) === 0);
    },
  };
}
