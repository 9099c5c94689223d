import type {Random} from '../../../shared/random';

/** Where each kind of id begins: the sizes are those of github.com in 2026. */
const START = {
  account: 33_000_000,
  app: 1_200_000,
  repository: 376_000_000,
  installation: 48_000_000,
  hook: 403_000_000,
  runner: 21,
  group: 3,
  run: 15_700_000_000,
  job: 44_200_000_000,
  delivery: 168_400_000_000,
} as const;

export type IdKind = keyof typeof START;

/** Ids that rise with gaps, as GitHub's do, the same ones for the same seed. */
export class Identifiers {
  readonly #last = new Map<IdKind, number>();

  constructor(private readonly random: Random) {}

  next(kind: IdKind): number {
    const gap = kind === 'runner' || kind === 'group' ? 1 : 1 + Math.floor(this.random.next() * 997);
    const id = (this.#last.get(kind) ?? START[kind]) + gap;
    this.#last.set(kind, id);
    return id;
  }
}
