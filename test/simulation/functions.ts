import type {HttpFunction} from '@google-cloud/functions-framework';
import {createApi} from '../../functions/api';
import {createProvision} from '../../functions/provision';
import {createStop} from '../../functions/stop';
import {createSweep} from '../../functions/sweep';
import {createWebhook} from '../../functions/webhook';
import type {PerMinute} from '../../shared/api/rate-limits';
import type {ServicesOptions} from '../../shared/services';
import type {ServicesBaseOptions} from '../../shared/services-base';

/** The functions that run in the simulated world: the deployed ones. */
export interface Functions {
  readonly webhook: (options: ServicesBaseOptions) => HttpFunction;
  readonly provision: (options: ServicesOptions) => HttpFunction;
  readonly stop: (options: ServicesOptions) => HttpFunction;
  readonly api: (options: ServicesOptions & {readonly perMinute?: Partial<PerMinute>}) => HttpFunction;
  /** Called every minute. Without it, only what needs no sweep is asked of a scenario. */
  readonly sweep?: (options: ServicesOptions) => HttpFunction;
}

export const FUNCTIONS: Functions = {
  api: createApi,
  webhook: createWebhook,
  provision: createProvision,
  stop: createStop,
  sweep: createSweep,
};
