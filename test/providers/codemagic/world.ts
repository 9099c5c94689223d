import type {Pool} from '../../../shared/model/pool';
import {createCodemagic} from '../../../shared/providers/codemagic/client';
import type {CodemagicPool, CodemagicSettings} from '../../../shared/providers/codemagic/config';
import {createCodemagicProvider} from '../../../shared/providers/codemagic/provider';
import type {RunnerProvider} from '../../../shared/providers/provider';
import {Secret} from '../../../shared/secret';
import {createLogger} from '../../../shared/telemetry/create-logger';
import {aPool} from '../../builders/lifecycle';
import {TOKEN} from '../../emulators/codemagic/api';
import {CodemagicServer} from '../../emulators/codemagic/server';
import {APP, CodemagicWorld, type CodemagicWorldOptions, TEAM, WORKFLOW} from '../../emulators/codemagic/world';
import {VirtualScheduler} from '../../emulators/scheduler';

export const SETTINGS: CodemagicSettings = {
  ...{type: 'codemagic', app: APP, workflow: WORKFLOW, branch: 'main', team: TEAM, instanceType: 'mac_mini_m2'},
  ...{quotaScopes: [TEAM], template: `${APP}/${WORKFLOW}`},
};

export function codemagicPool(provider: Partial<CodemagicSettings> = {}, name = 'arm'): Pool & CodemagicPool {
  return {...aPool({name, jobMinutes: 110}), provider: {...SETTINGS, ...provider}};
}

export interface CodemagicTest {
  readonly provider: RunnerProvider;
  /** The provider of the same deployment after its pools were changed to these. */
  changedTo(pools: readonly CodemagicPool[]): RunnerProvider;
  readonly world: CodemagicWorld;
  readonly server: CodemagicServer;
  readonly scheduler: VirtualScheduler;
  readonly log: string[];
  /** From the next reading on. */
  setToken(token: string): void;
  /** What the token’s secret holds by now, while another value of it is cached. */
  rotateTo(token: string): void;
  close(): Promise<void>;
}

/** The provider with its real client against the emulated CodeMagic over HTTP, on a clock that stands until it is advanced. */
export async function openCodemagic(
  options: Partial<CodemagicWorldOptions> & {readonly pools?: readonly CodemagicPool[]} = {},
): Promise<CodemagicTest> {
  const scheduler = new VirtualScheduler();
  const world = new CodemagicWorld({scheduler, prepareMs: 0, ...options});
  const server = new CodemagicServer(world);
  const url = await server.listen();
  let value = TOKEN;
  let stored = TOKEN;
  const token = {
    read: async () => new Secret(value),
    invalidate: () => {
      value = stored;
    },
  };
  const codemagic = createCodemagic({apiUrl: url, v3Url: `${url}/api/v3`, token, clock: scheduler});
  const log: string[] = [];
  const logger = createLogger({level: 'debug', destination: {write: (line) => log.push(line)}});
  const {pools = [codemagicPool()]} = options;
  const changedTo = (changed: readonly CodemagicPool[]) =>
    createCodemagicProvider({codemagic, pools: changed, deployment: 'slipway', clock: scheduler, logger});
  return {
    provider: changedTo(pools),
    changedTo,
    ...{world, server, scheduler, log},
    setToken(next) {
      value = next;
      stored = next;
    },
    rotateTo(next) {
      stored = next;
    },
    close: () => server.close(),
  };
}
