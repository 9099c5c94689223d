import type {Random} from '../../shared/random';

/**
 * A seeded source of chance: the same seed gives the same run.
 * @see https://github.com/bryc/code/blob/master/jshash/PRNGs.md#mulberry32
 */
export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** An integer in [0, bound). */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  uuid(): string {
    const hex = (digits: number) => {
      let text = '';
      for (let n = 0; n < digits; n++) text += this.below(16).toString(16);
      return text;
    };
    return `${hex(8)}-${hex(4)}-4${hex(3)}-${'89ab'[this.below(4)]}${hex(3)}-${hex(12)}`;
  }
}
