import {TtlCache} from '../cache';
import type {Clock} from '../clock';
import {MINUTE_MS} from '../durations';
import {Refused} from '../errors';
import {describeScope, ownerOf, type RunnerScope} from '../model/scope';
import type {RunnerGroup} from './responses';

const CACHE_TTL_MS = 60 * MINUTE_MS;
/** Id of the default group of every repository and nearly every organization. */
const DEFAULT_GROUP_ID = 1;

/** `settled`: the id is certain or was just looked up. Otherwise the id may have changed: after a refusal, look it up and try once more. */
export interface ResolvedGroup {
  readonly id: number;
  readonly name: string;
  readonly settled: boolean;
}

/** Maps names of runner groups to ids, without a call to GitHub where possible. */
export interface RunnerGroups {
  resolve(scope: RunnerScope, name: string, list: () => Promise<RunnerGroup[]>): Promise<ResolvedGroup>;
  /** Looks the group up at GitHub. Throws `Refused` if there is no such group. */
  lookUp(scope: RunnerScope, name: string, list: () => Promise<RunnerGroup[]>): Promise<ResolvedGroup>;
}

export function createRunnerGroups(clock: Clock): RunnerGroups {
  const listed = new TtlCache<readonly RunnerGroup[]>(clock);

  async function lookUp(scope: RunnerScope, name: string, list: () => Promise<RunnerGroup[]>): Promise<ResolvedGroup> {
    const groups = await list();
    listed.set(ownerOf(scope), groups, clock.now() + CACHE_TTL_MS);
    const group = pick(groups, name);
    if (group) return {id: group.id, name: group.name, settled: true};
    const names = groups.map((each) => `"${each.name}"`).join(', ') || 'none';
    throw new Refused(
      `found no runner group "${name}" in ${describeScope(scope)}, expected one of ${names}: correct runnerGroup of the pool, or make the group`,
    );
  }

  return {
    lookUp,
    async resolve(scope, name, list) {
      if (scope.kind === 'repository') return inRepository(scope, name);
      const known = pick(listed.get(ownerOf(scope)) ?? [], name);
      if (known) return {id: known.id, name: known.name, settled: false};
      return isDefaultName(name) ? {id: DEFAULT_GROUP_ID, name, settled: false} : lookUp(scope, name, list);
    },
  };
}

/** A repository has only its default group, which no call lists. */
function inRepository(scope: RunnerScope, name: string): ResolvedGroup {
  if (isDefaultName(name)) return {id: DEFAULT_GROUP_ID, name, settled: true};
  throw new Refused(
    `found runner group "${name}" for ${describeScope(scope)}, expected "Default", the only group of a repository: ` +
      'leave runnerGroup out, or give the pool an org in place of its repo',
  );
}

function pick(groups: readonly RunnerGroup[], name: string): RunnerGroup | undefined {
  if (isDefaultName(name)) {
    const theDefault = groups.find((group) => group.isDefault);
    if (theDefault) return theDefault;
  }
  const wanted = name.toLowerCase();
  return groups.find((group) => group.name === name) ?? groups.find((group) => group.name.toLowerCase() === wanted);
}

function isDefaultName(name: string): boolean {
  return name.toLowerCase() === 'default';
}
