import type {Instance} from './compute';

/** The metadata key under which the start-up script finds the runner's JIT config. */
export const JIT_CONFIG_KEY = 'slipway-jit-config';

export const DEPLOYMENT_LABEL = 'slipway-deployment';
export const POOL_LABEL = 'slipway-pool';
export const JOB_LABEL = 'slipway-job';
/** A VM of this label is nobody's but the person's who set it. */
export const KEEP_LABEL = 'slipway-keep';

/** Whether this deployment made the instance. Nothing else may ever be changed or deleted. */
export function belongsTo(deployment: string, instance: Instance): boolean {
  return instance.labels[DEPLOYMENT_LABEL] === deployment;
}
