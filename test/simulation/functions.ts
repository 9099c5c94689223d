import type {HttpFunction} from '@google-cloud/functions-framework';
import {createProvision} from '../../functions/provision';
import {createStop} from '../../functions/stop';
import {createSweep} from '../../functions/sweep';
import {createWebhook} from '../../functions/webhook';
import type {IngestOptions} from '../../functions/webhook/ingest';
import type {ControlPlaneOptions} from '../../shared/control-plane';

/** The functions that run in the simulated world: the deployed ones. */
export interface Functions {
  readonly webhook: (options: IngestOptions) => HttpFunction;
  readonly provision: (options: ControlPlaneOptions) => HttpFunction;
  readonly stop: (options: ControlPlaneOptions) => HttpFunction;
  /** Called every minute. Without it, only what needs no sweep is asked of a scenario. */
  readonly sweep?: (options: ControlPlaneOptions) => HttpFunction;
}

export const FUNCTIONS: Functions = {
  webhook: createWebhook,
  provision: createProvision,
  stop: createStop,
  sweep: createSweep,
};
