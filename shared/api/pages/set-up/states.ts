import type {Clock} from '../../../clock';
import {type KeyDocument, keyId} from '../../../model/lease';
import type {Random} from '../../../random';
import type {Store} from '../../../store/store';

/** GitHub's own limit for the way from the manifest to the conversion of its code. */
const STATE_MS = 3600 * 1000;

/** What a set-up may do: make the first App, or take the place of the one that is configured. */
export type SetUpPurpose = 'first' | 'replace';

/**
 * The `state` that goes to GitHub with the manifest and comes back with the code: a document in `keys`, so that every instance knows it, bound
 * to the session that began, used up by the first use, valid for an hour. So nobody can make another person's browser bring a foreign App.
 */
export class SetUpStates {
  readonly #options: {readonly store: Store; readonly clock: Clock; readonly random: Random};

  constructor(options: {readonly store: Store; readonly clock: Clock; readonly random: Random}) {
    this.#options = options;
  }

  /** `session`: `Sessions.idOf`. */
  async begin(session: string, purpose: SetUpPurpose): Promise<string> {
    const {store, clock, random} = this.#options;
    const state = random.uuid();
    const until = clock.now() + STATE_MS;
    const document: KeyDocument = {
      key: keyOf(state),
      state: 'claimed',
      holder: session,
      leaseUntil: until,
      request: purpose,
      expireAt: until,
    };
    await store.transaction(async (transaction) => transaction.set('keys', keyId(keyOf(state)), document));
    return state;
  }

  /** Uses the state up. Undefined, and nothing changed: it is unknown, used, too old, or another session's. */
  async spend(state: string, session: string): Promise<SetUpPurpose | undefined> {
    const {store, clock} = this.#options;
    const id = keyId(keyOf(state));
    return store.transaction(async (transaction) => {
      const document = await transaction.get('keys', id);
      if (!document || document.holder !== session || document.leaseUntil <= clock.now()) return undefined;
      transaction.delete('keys', id);
      return document.request === 'replace' ? 'replace' : 'first';
    });
  }
}

function keyOf(state: string): string {
  return `setup/${state}`;
}
