import type {DiscoveredDelivery, HookReference} from '../../github/discovery';
import {scopeKey} from '../../lifecycle/sweep/observed';
import {isSpeltOut} from '../../model/names';
import {isTimeUp, orIncomplete, type Sweep} from './ports';
import {repositoryScope} from './visit';

/** An attempt under way when the list was read is in the next one. */
const OVERLAP_MS = 10 * 60_000;
/** GitHub delivers nothing again that is older. */
const LONGEST_MS = 3 * 24 * 3600_000;
/** Of hooks of repositories and organizations: each costs a call. */
const HOOKS_EVERY_MS = 5 * 60_000;

/** Attempts to deliver since the last look; `at`: when this one was made, if it was complete. None where no webhook is used. */
export async function findDeliveries(
  sweep: Sweep,
  since: number,
): Promise<{readonly found: readonly DiscoveredDelivery[]; readonly at: number | undefined}> {
  const {context, discovery, webhooks} = sweep;
  const now = context.clock.now();
  if (webhooks === 'off') return {found: [], at: undefined};
  const from = Math.max(since - OVERLAP_MS, now - LONGEST_MS);
  const hooks = await orIncomplete(sweep, 'the hooks', () => hooksOf(sweep, now));
  if (!hooks) return {found: [], at: undefined};
  const found: DiscoveredDelivery[] = [];
  for (const hook of hooks) {
    const list = isTimeUp(sweep)
      ? undefined
      : await orIncomplete(sweep, 'the deliveries', () => discovery.deliveries(hook, from));
    if (!list) return {found, at: undefined};
    found.push(...list);
  }
  return {found, at: hooks.length > 0 ? now : undefined};
}

/** The App's; with a token those of the organizations and of the repositories that the pools spell out. */
async function hooksOf({context, discovery, memory}: Sweep, now: number): Promise<HookReference[]> {
  if (discovery.credentials === 'app') return [{kind: 'app'}];
  const scopes = context.pools.flatMap(({scope}) =>
    scope.kind === 'organization'
      ? [{kind: 'organization', org: scope.org} as const]
      : scope.patterns.filter(isSpeltOut).map(repositoryScope),
  );
  const hooks: HookReference[] = [];
  for (const scope of new Map(scopes.map((each) => [scopeKey(each), each])).values()) {
    const key = `hooks of ${scopeKey(scope)}`;
    if (now - (memory.listedAt.get(key) ?? 0) < HOOKS_EVERY_MS) continue;
    memory.listedAt.set(key, now);
    hooks.push(...(await discovery.hooks(scope)));
  }
  return hooks;
}
