import {randomUUID} from 'node:crypto';

/** The only source of randomness. Passed in everywhere, so that a seed replays a run exactly. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** An RFC 9562 version 4 UUID. */
  uuid(): string;
}

export const systemRandom: Random = {next: () => Math.random(), uuid: () => randomUUID()};
