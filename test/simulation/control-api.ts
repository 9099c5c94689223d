import type {HttpFunction} from '@google-cloud/functions-framework';
import type {Verdict} from '../../shared/diagnosis/verdict';
import type {Logger} from '../../shared/logger';
import type {Tasks} from '../../shared/tasks/tasks';
import {ComputeApi} from '../emulators/compute/api';
import {directCompute} from '../emulators/compute/direct';
import {directGitHub} from '../emulators/github/direct';
import {directApps} from '../emulators/github/direct-apps';
import {directDiscovery} from '../emulators/github/direct-discovery';
import {callFunction, type FunctionAnswer} from './call-function';
import {environmentOf, MANAGER_SECRET} from './environment';
import type {Functions} from './functions';
import {poolsOf} from './pools';
import {randomOf} from './random-of';
import type {Setting} from './scenario';
import type {SimulatedWorld} from './simulated-world';

/** What is read of an answer of `GET /explain`. */
export interface Explained {
  readonly job: {readonly status_at_github: string | null} | null;
  readonly verdict: Verdict;
  readonly because: string;
  readonly do: string;
  readonly since: string;
}

/** The function `api` without faults: what it answers it answers in no time, so that it can be held against the world of this moment. */
export class Onlooker {
  readonly #api: HttpFunction;

  constructor(
    world: SimulatedWorld,
    setting: Setting,
    functions: Functions,
    given: {readonly logger: Logger; readonly tasks: Tasks},
  ) {
    const {scheduler, github, compute, scenario, store} = world;
    const {seed} = scenario;
    const pools = poolsOf(setting);
    const providers = world.undisturbed ?? world.direct.providers;
    this.#api = functions.api({
      env: environmentOf(setting, github.app),
      ...(pools ? {pools} : {}),
      ...(providers ? {providers} : {}),
      ...given,
      store,
      clock: scheduler,
      random: randomOf(seed, 'onlooker'),
      ...(github.apps.length > 1
        ? {apps: directApps(github)}
        : {github: directGitHub(github), discovery: directDiscovery(github)}),
      compute: directCompute(new ComputeApi(compute), 'world'),
      perMinute: MANY,
    });
  }

  /** @param job as the query of `GET /explain` */
  async explain(job: string): Promise<Explained> {
    const {status, body} = await callApi(this.#api, 'GET', `/api/v1/explain?job=${encodeURIComponent(job)}`);
    if (status !== 200) throw new Error(`GET /explain answered ${status}: ${JSON.stringify(body)}`);
    return body as Explained;
  }
}

/** The limit of requests goes by real time, of which a world takes hardly any. */
export const MANY = {nobody: 1_000_000, secret: 1_000_000};

/** Calls `api` as somebody who has the secret. */
export function callApi(api: HttpFunction, method: string, url: string, body?: object): Promise<FunctionAnswer> {
  const headers = {
    'x-runner-secret': MANAGER_SECRET,
    ...(body ? {'content-type': 'application/json'} : {}),
  };
  return callFunction(api, {method, path: url, headers, body: Buffer.from(body ? JSON.stringify(body) : '')});
}
