import {whyVmIsDown} from '../../hosts/host-vm';
import {describeHost, isUsable, readHosts, whyUnheard} from '../../hosts/hosts';
import {poolsOfHost} from '../../hosts/waiting';
import {type BreakerDocument, bootBreaker, quotaBreakers, standbyBreaker} from '../../model/breaker';
import type {Host} from '../../model/host';
import {isPersistent, type Pool} from '../../model/pool';
import {type Context, githubOf} from '../../ports';
import {isRunning} from '../../providers/persistent-vm';
import type {Finding as ProviderFinding} from '../../providers/provider';
import {breakersOfPool} from '../../runners/breakers';
import {allVms, runnerPlaces, type Vm} from '../../vms/vms';
import {breakerSentence, remedyOfBreaker} from '../breakers';
import {openBreakers} from '../facts';
import {ask, type Check, error, type Found, ok, skipped, together, warning} from './check';

/** What a check does once the services are there. */
type Look = (context: Context) => Promise<Found>;
type Needing = (look: Look) => Check['look'];

/**
 * `pool.<name>.provider` and `pool.<name>.quota` of every pool, each with the open breakers that are about it. `needing`: makes the look a
 * check's, whether or not the services are there.
 */
export function poolChecks(pools: readonly Pool[], needing: Needing): Check[] {
  let read: Promise<BreakerDocument[]> | undefined;
  const open = ({store}: Context) => {
    read ??= ask('the store', openBreakers(store));
    return read;
  };
  return pools.flatMap((pool) => {
    const {provider, quota} = isPersistent(pool) ? persistentLooks(pool.provider.instance) : looksOf(pool);
    const quotas = quotaBreakers(pool);
    const isQuota = ({name}: BreakerDocument) => quotas.includes(name);
    const withBreakers = (look: Look, isAbout: (breaker: BreakerDocument) => boolean) =>
      needing(async (context) => {
        const names = [...breakersOfPool(context, pool), ...(pool.standby ? [standbyBreaker(pool.name)] : [])];
        const holding = (await open(context)).filter((breaker) => names.includes(breaker.name) && isAbout(breaker));
        return together([...holding.map((each) => breakerFinding(pool, each, context)), await look(context)]);
      });
    return [
      {id: `pool.${pool.name}.provider`, look: withBreakers(provider, (each) => !isQuota(each))},
      {id: `pool.${pool.name}.quota`, look: withBreakers(quota, isQuota)},
    ];
  });
}

/** What a probe closes as soon as its cause is gone is a warning; machines that do not boot are not. */
function breakerFinding(pool: Pool, breaker: BreakerDocument, {clock}: Context): Found {
  const found = breaker.name === bootBreaker(pool) ? error : warning;
  return found(breakerSentence(breaker, clock.now()), remedyOfBreaker(breaker));
}

function looksOf({name}: Pool): Record<'provider' | 'quota', Look> {
  // Both looks are given one context, and share its answer.
  let answer: Promise<readonly ProviderFinding[]> | undefined;
  const findings = (context: Context) => {
    // Several questions, each of which the provider bounds.
    answer ??= context.provider(name).check(name);
    return answer;
  };
  return {
    provider: async (context) =>
      together((await findings(context)).filter(({about}) => about !== 'quota').map(withoutSubject)),
    async quota(context) {
      const found = (await findings(context)).filter(({about}) => about === 'quota').map(withoutSubject);
      return found.length > 0 ? together(found) : skipped('the provider tells of no quota');
    },
  };
}

function withoutSubject({about: _, ...found}: ProviderFinding): Found {
  return found;
}

function persistentLooks(instance: string): Record<'provider' | 'quota', Look> {
  return {
    provider: async () => skipped(`the pool creates no machine; see vm.${instance}`),
    quota: async () => skipped('the VM is there already: starting it is not compared with the quotas'),
  };
}

/** `vm.<name>` of every persistent VM; with its zone where two have one name. */
export function vmChecks(pools: readonly Pool[], needing: Needing): Check[] {
  const vms = allVms({pools});
  const isAlone = ({instance}: Vm) => vms.filter((vm) => vm.instance === instance).length === 1;
  return vms.map((vm) => ({
    id: `vm.${isAlone(vm) ? vm.instance : vm.id}`,
    look: needing((context) => lookAtVm(context, vm)),
  }));
}

/** `host.<name>` of every Docker host: whether its agent calls, or its VM is stopped, which is in order. */
export function hostChecks(hosts: readonly Host[], needing: Needing): Check[] {
  return hosts.map(({name}) => ({
    id: `host.${name}`,
    look: needing(async (context) => {
      const [host] = await ask('the store', readHosts(context, [name]));
      if (!host) return skipped('the host is not in the configuration any more');
      const because = describeHost(host);
      if (!host.silent) return ok(because);
      const unheard = whyUnheard(host);
      if (unheard)
        return (await isAlone(context, host))
          ? error(unheard.because, unheard.do)
          : warning(unheard.because, unheard.do);
      const down = host.vm && (await ask('Compute Engine', whyVmIsDown(context, host)));
      if (down) return ok(down);
      const advice = 'Does its agent run, and does it reach the API? journalctl --unit slipway-docker-host tells.';
      return typeof host.document?.seenAt === 'number' ? error(because, advice) : warning(because, advice);
    }),
  }));
}

/** Whether a pool of the host has no other one that may take its containers. */
async function isAlone(context: Context, {name}: Host): Promise<boolean> {
  const others = (await ask('the store', readHosts(context))).filter((other) => other.name !== name && isUsable(other));
  const pools = poolsOfHost(context, name);
  return pools.some(({provider}) => !others.some((other) => provider.hosts.includes(other.name)));
}

/** Whether the VM exists and its runner is registered. */
async function lookAtVm(context: Context, vm: Vm): Promise<Found> {
  if (vm.zone === '') return skipped('neither the pool nor the environment names a zone', 'Set zone in the pool.');
  const status = await ask('Compute Engine', context.vm(vm).status());
  if (status === undefined) {
    return error(`found no VM ${vm.instance} in ${vm.zone}`, 'Create it, or correct instance and zone of its pools.');
  }
  const places = runnerPlaces(vm, await ask('the store', context.store.get('vms', vm.id)));
  const registered = await Promise.all(
    places.map(async (place) => ask('GitHub', githubOf(context, place).findRunner(place.runnerName))),
  );
  const found = registered.find((each) => each !== undefined);
  const names = [...new Set(vm.pools.map(({runnerName}) => runnerName))].join(', ');
  if (places.length === 0)
    return ok(`VM ${vm.instance} is ${status}; where its runner is registered shows with its first job`);
  if (!found) {
    const because = `VM ${vm.instance} is ${status}, and GitHub knows no runner ${names} in the scope of its pools`;
    return error(because, 'Register the runner once (docs/deploy.md), or correct runnerName of the pool.');
  }
  if (isRunning(status) && registered.every((each) => each?.status !== 'online')) {
    const because = `VM ${vm.instance} is ${status}, and its runner ${names} is offline`;
    return warning(because, 'Wait while it boots; then look at the runner service on the VM.');
  }
  return ok(`VM ${vm.instance} is ${status}, and its runner ${names} is registered`);
}
