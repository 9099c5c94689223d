import {AHEAD_MS, endOf, RUNNER_VERSIONS, type VersionInUse} from '../../model/facts';
import type {Context} from '../../ports';
import {error, type Found, ok, skipped, warning} from './check';

/** Whether GitHub still accepts the versions of the runner application that were seen in use, as the sweep last read them. */
export async function lookAtRunnerVersion({store, clock}: Pick<Context, 'store' | 'clock'>): Promise<Found> {
  const versions = await store.get('facts', RUNNER_VERSIONS);
  if (versions?.kind !== 'runner_versions' || versions.readAt === 0)
    return skipped('the sweep has not read the versions of the runner yet');
  return judgeRunnerVersions(versions, clock.now());
}

/** Exported for tests. The version whose end comes first decides. */
export function judgeRunnerVersions(
  {latest, inUse}: {readonly latest: string | null; readonly inUse: readonly VersionInUse[]},
  now: number,
): Found {
  const offered = latest ?? 'a newer one';
  const [first] = inUse
    .flatMap((version) => {
      const endsAt = endOf(version);
      return endsAt === null ? [] : [{...version, endsAt}];
    })
    .sort((a, b) => a.endsAt - b.endsAt);
  const remedy = `Install ${offered} in the image or startup script, or on the persistent VM.`;
  if (first && first.endsAt <= now)
    return error(`GitHub gives no jobs to version ${first.version} of the runner since ${dayOf(first.endsAt)}`, remedy);
  if (first && first.endsAt - now <= AHEAD_MS)
    return warning(
      `GitHub gives no jobs to version ${first.version} of the runner from ${dayOf(first.endsAt)} on`,
      remedy,
    );
  if (inUse.length === 0) return ok(`GitHub offers version ${offered}; no runner was seen in the last three days`);
  return ok(`in use: ${inUse.map(({version}) => version).join(', ')}; GitHub offers ${offered}`);
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
