import type {HttpFunction} from '@google-cloud/functions-framework';
import {createProvision} from '../../functions/provision/index';
import {createStop} from '../../functions/stop/index';
import {systemClock} from '../../shared/clock';
import {parseConfig} from '../../shared/config/config';
import {createSecretReader} from '../../shared/config/secrets';
import {createGitHub} from '../../shared/github/client';
import type {GitHubFor} from '../../shared/github/github';
import {createCompute} from '../../shared/providers/gce/client/client';
import {credentialsOf, type ServicesOptions} from '../../shared/services';
import type {Store} from '../../shared/store/store';

type CrashingFunction = 'provision' | 'stop';

const MAKE = {provision: createProvision, stop: createStop};

/** Where a process dies: before or after its `step`-th call to the outside, from 1. */
export interface CrashPoint {
  /** Whose process it is; `provision` unless given. */
  readonly of?: CrashingFunction;
  readonly step: number;
  readonly side: 'before' | 'after';
}

/** Lets calls through until the crash; from then on nothing of the process happens any more. */
class CrashSwitch {
  #steps = 0;
  #crash: () => void = () => undefined;
  readonly crashed = new Promise<void>((resolve) => {
    this.#crash = resolve;
  });
  #dead = false;

  constructor(private readonly point: CrashPoint) {}

  async step<T>(call: () => Promise<T>): Promise<T> {
    this.#steps += 1;
    const isLast = this.#steps === this.point.step;
    if (this.#dead || (isLast && this.point.side === 'before')) return this.#die();
    const result = await call();
    return isLast || this.#dead ? this.#die() : result;
  }

  #die(): Promise<never> {
    this.#dead = true;
    this.#crash();
    return new Promise(() => undefined);
  }
}

/** The function in a process that dies at `point`, in the middle of a request, and is then replaced by a new one. */
export function crashingFunction(options: ServicesOptions & {store: Store}, point: CrashPoint): HttpFunction {
  const crashSwitch = new CrashSwitch(point);
  const {env, clock = systemClock, store} = options;
  const name = point.of ?? 'provision';
  const config = parseConfig(env, name);
  const secrets = createSecretReader({clock, config});
  const github = createGitHub({
    apiUrl: config.github.apiUrl,
    credentials: credentialsOf(config.github, secrets),
    clock,
  });
  const {compute: emulator} = config.emulators;
  const compute = createCompute({project: 'world', clock, ...(emulator ? {emulator} : {})});
  const crashingGitHub: GitHubFor = (scope, installation) => withCrash(github(scope, installation), crashSwitch);
  const first = MAKE[name]({
    ...options,
    store: withCrash(store, crashSwitch),
    github: crashingGitHub,
    compute: withCrash(compute, crashSwitch),
  });
  const second = MAKE[name](options);

  let current = first;
  void crashSwitch.crashed.then(() => {
    current = second;
  });
  return (request, response) => {
    if (current === first) void crashSwitch.crashed.then(() => request.socket.destroy());
    return current(request, response);
  };
}

/** Each call of the port is a step. */
function withCrash<T extends object>(port: T, crashSwitch: CrashSwitch): T {
  return new Proxy(port, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => crashSwitch.step(async () => Reflect.apply(member, target, args));
    },
  });
}
