import {Refused} from '../errors';
import {standbyBreaker} from '../model/breaker';
import {placementOf} from '../model/placement';
import type {StandbyDocument} from '../model/standby';
import {standbyMachines, standbyReference} from '../runners/standby-records';
import {noteIncomplete, type Sweep, tryList} from './context';
import type {Observed, SeenStandby} from './observed';

/** Standby machines that are looked at at the same time. */
const AT_ONCE = 8;

/**
 * Looks at the standby machines on record: what has become of those that are being prepared, and what a pool's next one would be made from. What
 * the provider does not say is left out.
 */
export async function observeStandby(
  sweep: Sweep,
  held: readonly StandbyDocument[] | undefined,
): Promise<Pick<Observed, 'standby' | 'fingerprints' | 'standbyBreakers'>> {
  const {context} = sweep;
  const pools = context.pools.filter(({standby}) => standby !== undefined);
  const fingerprints = new Map<string, string>();
  const standbyBreakers = new Map<string, 'probe' | 'open'>();
  for (const {name, provider} of pools) {
    const machines = standbyMachines(context, {pool: name, provider: provider.type});
    const found = machines && (await tryList(sweep, `the template of ${name}`, () => machines.fingerprint(name)));
    if (found !== undefined) fingerprints.set(name, found);
    const breaker = await context.store.get('breakers', standbyBreaker(name));
    if (breaker?.open) standbyBreakers.set(name, breaker.nextProbeAt > context.clock.now() ? 'open' : 'probe');
  }
  if (!held) return {standby: undefined, fingerprints, standbyBreakers};
  const standby: SeenStandby[] = [];
  for (let from = 0; from < held.length; from += AT_ONCE) {
    standby.push(...(await Promise.all(held.slice(from, from + AT_ONCE).map((one) => look(sweep, one)))));
  }
  return {standby, fingerprints, standbyBreakers};
}

async function look(sweep: Sweep, document: StandbyDocument): Promise<SeenStandby> {
  if (document.state !== 'preparing' || document.machineId === null || !placementOf(document)) return {document};
  const machines = standbyMachines(sweep.context, document);
  if (!machines) return {document};
  try {
    return {document, look: await machines.look(standbyReference(document))};
  } catch (error) {
    // Nothing is missing from the sweep's lists: what is refused to all sweeps must not stop each of them from deleting anything.
    if (error instanceof Refused) return {document, refusal: error.message};
    noteIncomplete(sweep, `standby machine ${document.name}`, error);
    return {document};
  }
}
