import type {ListWeather} from '../world/github/list-weather';
import type {SeededRandom} from '../world/seeded-random';

const SMALL_PAGE = 3;

/**
 * Pages of GitHub's lists with a total that is one too high or too low, and such as answer 502: most of them only when they are large, some
 * whatever their size. `badPages`: of a thousand.
 */
export function listWeather(random: SeededRandom, badPages: number): ListWeather {
  const strikes = () => badPages > 0 && random.below(1000) < badPages;
  return {
    totalOff: () => (strikes() ? (random.below(2) === 0 ? 1 : -1) : 0),
    fails: (perPage) => strikes() && (perPage > SMALL_PAGE || random.below(4) === 0),
  };
}
