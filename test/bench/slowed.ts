import type {GitHubFor} from '../../shared/github/github';
import type {Store, Transaction} from '../../shared/store/store';

type Sleep = (ms: number) => Promise<void>;

/** The port, each of whose methods answers after so many milliseconds of the virtual clock. What `msOf` knows nothing of answers at once. */
export function slowed<Port extends object>(
  port: Port,
  sleep: Sleep,
  msOf: Readonly<Partial<Record<keyof Port, number>>>,
): Port {
  return new Proxy(port, {
    get(target, key, receiver) {
      const member: unknown = Reflect.get(target, key, receiver);
      const ms = msOf[key as keyof Port] ?? 0;
      if (typeof member !== 'function' || ms === 0) return member;
      return async (...args: unknown[]) => {
        await sleep(ms);
        return Reflect.apply(member, target, args) as unknown;
      };
    },
  });
}

/** GitHub's API for every scope. */
export function slowedGitHub(port: GitHubFor, sleep: Sleep, ms: number): GitHubFor {
  return (...scope) => slowed(port(...scope), sleep, {createJitConfig: ms, deleteRunner: ms, findRunner: ms});
}

/** A store whose reads take `readMs`, and whose transactions `commitMs` beside their reads. Reads that run side by side take the time of one. */
export function slowedStore(store: Store, sleep: Sleep, {readMs, commitMs}: {readMs: number; commitMs: number}): Store {
  return {
    ...slowed({get: store.get.bind(store), find: store.find.bind(store)}, sleep, {get: readMs, find: readMs}),
    count: store.count.bind(store),
    async transaction(body) {
      await sleep(commitMs);
      return store.transaction((transaction) => {
        const slow: Transaction = {
          get: async (collection, id) => {
            await sleep(readMs);
            return transaction.get(collection, id);
          },
          set: transaction.set.bind(transaction),
          delete: transaction.delete.bind(transaction),
        };
        return body(slow);
      });
    },
  };
}
