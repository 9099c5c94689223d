import {MINUTE_MS} from '../../durations';
import type {HookReference} from '../../github/github';
import {isSpeltOut} from '../../model/names';
import {repositoryScope, scopeKey} from '../../model/scope';
import {type Sweep, tryList} from '../context';

/** How often the hooks of a scope are listed, in milliseconds: each list costs a call. */
const HOOKS_INTERVAL_MS = 5 * MINUTE_MS;

/**
 * The hooks whose deliveries this sweep reads, by key. With Apps: always the hooks of those that deliver here. With a token: the hooks of the organizations and
 * of the named repositories every five minutes, and the hooks in `pending`, which have events to redeliver, in every sweep.
 */
export async function dueHooks(sweep: Sweep, pending: Iterable<string>): Promise<Map<string, HookReference>> {
  const {context, discovery, memory} = sweep;
  if (discovery.credentials === 'app') {
    const ofApps = await tryList(sweep, 'the hooks of the Apps', () => discovery.appHooks());
    return new Map((ofApps ?? []).map((hook) => [hookKey(hook), hook]));
  }
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
    // A scope whose hooks cannot be listed does not stop the others.
    const found = await tryList(sweep, `the ${listed}`, () => discovery.hooks(scope));
    memory.listedAt.set(listed, now);
    for (const hook of found ?? []) hooks.set(hookKey(hook), hook);
  }
  return hooks;
}

/** `app`, `app-2`, …, or the scope key followed by the id of the hook. */
export function hookKey(hook: HookReference): string {
  return hook.kind === 'app' ? (hook.app ?? 'app') : `${scopeKey(hook.scope)} ${hook.hookId}`;
}

function hookOf(key: string): HookReference | undefined {
  const [, kind, name = '', id] = /^(org|repo) (\S+) (\d+)$/.exec(key) ?? [];
  if (!kind) return undefined;
  const scope = kind === 'org' ? ({kind: 'organization', org: name} as const) : repositoryScope(name);
  return {kind: 'hook', scope, hookId: Number(id)};
}
