import type {CollectionName, Store} from '../../shared/store/store';

/** What each job has of its own, and leaves behind. */
const OF_A_JOB: ReadonlySet<string> = new Set(['jobs', 'runners', 'keys', 'deadletters']);
const IN_ONE = 500;

/**
 * Puts `count` copies of one finished job on record, each under an id of its own: the documents at `paths` (`<collection>/<id>`) that
 * belong to a job. Returns how many documents that made.
 */
export async function copyFinished(
  store: Store,
  paths: readonly string[],
  count: number,
  progress: (line: string) => void = () => undefined,
): Promise<number> {
  const originals: {collection: CollectionName; json: string}[] = [];
  for (const path of paths) {
    const slash = path.indexOf('/');
    const collection = path.slice(0, slash) as CollectionName;
    const id = path.slice(slash + 1);
    if (!OF_A_JOB.has(collection)) continue;
    const data = await store.get(collection, id);
    if (data) originals.push({collection, json: JSON.stringify({id, data})});
  }
  const job = originals.find(({collection}) => collection === 'jobs');
  const jobId = /"jobId":(\d+)/.exec(job?.json ?? '')?.[1];
  if (!jobId) throw new Error(`found no finished job among ${paths.join(', ')}`);
  for (let done = 0; done < count; done += IN_ONE) {
    const batch = Array.from({length: Math.min(IN_ONE, count - done)}, (_, index) => done + index + 1);
    await store.transaction(async (transaction) => {
      for (const copy of batch) {
        for (const {collection, json} of originals) {
          const {id, data} = JSON.parse(json.replaceAll(jobId, String(Number(jobId) + copy * 1_000_003)));
          // The ids of keys are hashes, in which no job's number stands.
          transaction.set(collection, collection === 'keys' ? `${id}-${copy}` : id, data);
        }
      }
    });
    if (done > 0 && done % 2_500 === 0) progress(`history: ${done} of ${count} finished jobs are on record`);
  }
  return originals.length * count;
}
