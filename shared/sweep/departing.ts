import {balanceStandby, isStandbyOver, type StandbyDocument, wantedStandby} from '../model/standby';
import {type Observed, poolNamed, type SeenStandby} from './observed';

/** A machine that is not wanted any more, with the reason. */
interface Departing {
  readonly document: StandbyDocument;
  readonly because: string;
}

/** The machines that the sweep ends because nobody wants them any more. */
export function departing(observed: Observed, now: number): readonly Departing[] {
  const unwanted = (observed.standby ?? []).flatMap((seen): Departing[] => {
    const because = isStandbyOver(seen.document) ? undefined : unwantedBecause(observed, seen);
    return because === undefined ? [] : [{document: seen.document, because}];
  });
  const gone = new Set(unwanted.map(({document}) => document.name));
  const surplus = observed.pools.flatMap((pool) => {
    const machines = (observed.standby ?? []).flatMap(({document}) =>
      document.pool === pool.name && !gone.has(document.name) ? [document] : [],
    );
    return balanceStandby(machines, wantedStandby(pool, now, observed.maxRunners), now).surplus;
  });
  return [...unwanted, ...surplus.map(({machine, because}) => ({document: machine, because}))];
}

/** Why the machine is not what its pool would get now; undefined: it is, as far as that is known. */
function unwantedBecause(observed: Observed, {document, look}: SeenStandby): string | undefined {
  const pool = poolNamed(observed, document.pool);
  if (!pool?.standby) return 'its pool has no standby machines any more';
  if (pool.standby.hold !== document.hold) return `is to be held ${document.hold}, and its pool holds others`;
  if (pool.provider.type !== document.provider) return 'its pool has another provider now';
  const own = look?.fingerprint ?? document.fingerprint ?? undefined;
  const now = observed.fingerprints.get(pool.name);
  // mutation: standby as a new one
  return own !== undefined && now !== undefined && own !== now
    ? 'its template or its runner is not the one of today'
    : undefined;
}
