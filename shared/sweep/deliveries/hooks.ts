import type {HookReference} from '../../github/github';
import {isSpeltOut} from '../../model/names';
import {repositoryScope, scopeKey} from '../../model/scope';
import {type Sweep, tryList} from '../context';

/** How often the hooks of a repository or an organization are listed: each list costs a call. */
const HOOKS_INTERVAL_MS = 5 * 60_000;

/**
 * The hooks that are to be looked at now, by key. The App's always; with a token those of the organizations and of the repositories that
 * the pools spell out every five minutes, and at each sweep those in `pending`, which have something left to do.
 */
export async function dueHooks(sweep: Sweep, pending: Iterable<string>): Promise<Map<string, HookReference>> {
  const {context, discovery, memory} = sweep;
  if (discovery.credentials === 'app') return new Map([[hookKey({kind: 'app'}), {kind: 'app'}]]);
  const hooks = new Map<string, HookReference>();
  for (const key of pending) {
    const hook = hookOf(key);
    if (hook) hooks.set(key, hook);
  }
  const now = context.clock.now();
  const scopes = context.pools.flatMap(({scope}) =>
    scope.kind === 'organization'
      ? [{kind: 'organization', org: scope.org} as const]
      : scope.patterns.filter(isSpeltOut).map(repositoryScope),
  );
  for (const [key, scope] of new Map(scopes.map((each) => [scopeKey(each), each]))) {
    const listed = `hooks of ${key}`;
    if (now - (memory.listedAt.get(listed) ?? 0) < HOOKS_INTERVAL_MS) continue;
    // A scope whose hooks cannot be listed does not keep the others from being listed.
    const found = await tryList(sweep, `the ${listed}`, () => discovery.hooks(scope));
    memory.listedAt.set(listed, now);
    for (const hook of found ?? []) hooks.set(hookKey(hook), hook);
  }
  return hooks;
}

/** `app`, or the scope with the hook's id. */
export function hookKey(hook: HookReference): string {
  return hook.kind === 'app' ? 'app' : `${scopeKey(hook.scope)} ${hook.hookId}`;
}

function hookOf(key: string): HookReference | undefined {
  const [, kind, name = '', id] = /^(org|repo) (\S+) (\d+)$/.exec(key) ?? [];
  if (!kind) return undefined;
  const scope = kind === 'org' ? ({kind: 'organization', org: name} as const) : repositoryScope(name);
  return {kind: 'hook', scope, hookId: Number(id)};
}
