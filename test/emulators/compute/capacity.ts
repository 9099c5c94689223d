import type {Catalog} from './catalog';
import {misfitDisk} from './features';
import {ApiError, type Instance, isSpot, type OperationError} from './resources';

/** Which instances are meant; what is left out means all. */
export interface Selector {
  readonly zone?: string;
  readonly machineType?: string;
  readonly spot?: boolean;
}

/** Why an insert or a start that was accepted fails after all. */
export interface LateFailure extends Selector {
  /** Inserts and starts it strikes; for ever unless given. */
  readonly times?: number;
  readonly error: OperationError;
}

export type QuotaMetric = 'CPUS' | 'PREEMPTIBLE_CPUS' | 'INSTANCES';

interface Quota {
  readonly region: string;
  readonly metric: QuotaMetric;
  readonly limit: number;
  readonly refused: 'request' | 'operation';
}

/** What a region shows of a quota that no test has set: it refuses nothing. Without a quota of preemptible CPUS, spot VMs use the other one. */
const UNLIMITED: Readonly<Record<QuotaMetric, number>> = {CPUS: 72_000, PREEMPTIBLE_CPUS: 0, INSTANCES: 72_000};

const STOCK_OUT: OperationError = {
  code: 'ZONE_RESOURCE_POOL_EXHAUSTED',
  message: 'The zone does not have enough resources available to fulfill the request. Try a different zone.',
};

/** What there is room for: disks that fit, planned failures, machines in a zone, quotas of a region. */
export class Capacity {
  readonly #failures: {readonly failure: LateFailure; left: number}[] = [];
  readonly #rules = new Map<
    string,
    {readonly selector: Selector; readonly count: number; readonly error: OperationError}
  >();
  readonly #quotas = new Map<string, Quota>();
  /** Where a disk that does not fit its machine type is refused: at the request, or by the operation. */
  misfitsRefused: Quota['refused'] = 'request';

  constructor(private readonly catalog: Catalog) {}

  failLate(failure: LateFailure): void {
    this.#failures.push({failure, left: failure.times ?? Number.POSITIVE_INFINITY});
  }

  recover(): void {
    this.#failures.length = 0;
    this.#rules.clear();
    this.#quotas.clear();
  }

  /** At most `count` such machines at once; the operation that asks for one more fails. Said again, it replaces the former. */
  setCapacity(selector: Selector, count: number, error: OperationError = STOCK_OUT): void {
    const {zone, machineType, spot} = selector;
    this.#rules.set(JSON.stringify([zone, machineType, spot]), {selector, count, error});
  }

  /** Spot VMs count against `PREEMPTIBLE_CPUS` where the region has such a quota, else against `CPUS`. */
  setQuota(region: string, metric: QuotaMetric, limit: number, refused: Quota['refused'] = 'request'): void {
    this.#quotas.set(`${region}/${metric}`, {region, metric, limit, refused});
  }

  /** The quotas of a region, as `regions.get` shows them. `holding`: the machines that are there. */
  quotas(region: string, holding: readonly Instance[]): {metric: QuotaMetric; limit: number; usage: number}[] {
    const here = holding.filter(({zone}) => this.catalog.regionOf(zone) === region);
    return Object.entries(UNLIMITED).map(([name, most]) => {
      const metric = name as QuotaMetric;
      const quota = this.#quotas.get(`${region}/${metric}`);
      const used = {region, metric};
      return {metric, limit: quota?.limit ?? most, usage: here.reduce((sum, one) => sum + this.#usage(used, one), 0)};
    });
  }

  /** Throws what refuses the request; returns what will fail its operation. `holding`: the machines that are there. */
  check(instance: Instance, holding: () => readonly Instance[]): OperationError | undefined {
    const misfit = this.#misfit(instance);
    if (misfit) return misfit;
    const exceeded = this.#exceeded(instance, holding);
    if (exceeded) {
      const {metric, limit, region, refused} = exceeded;
      const message = `Quota '${metric}' exceeded.  Limit: ${limit.toFixed(1)} in region ${region}.`;
      if (refused === 'request') throw new ApiError(403, 'quotaExceeded', message);
      return {code: 'QUOTA_EXCEEDED', message};
    }
    const hit = this.#failures.find(({failure, left}) => left > 0 && matches(failure, instance));
    if (hit) {
      hit.left -= 1;
      return hit.failure.error;
    }
    for (const {selector, count, error} of this.#rules.values()) {
      if (!matches(selector, instance)) continue;
      if (holding().filter((other) => matches(selector, other)).length >= count) return error;
    }
    return undefined;
  }

  #misfit(instance: Instance): OperationError | undefined {
    const {machineType} = instance;
    const diskType = misfitDisk(instance);
    if (diskType === undefined) return undefined;
    if (this.misfitsRefused === 'request') {
      const message = `[${machineType}, ${diskType}] features are not compatible for creating instance.`;
      throw new ApiError(400, 'badRequest', message);
    }
    const message = `${diskType} disk type cannot be used by ${machineType} machine type.`;
    return {code: 'UNSUPPORTED_OPERATION', message};
  }

  #exceeded(instance: Instance, holding: () => readonly Instance[]): Quota | undefined {
    const region = this.catalog.regionOf(instance.zone);
    for (const quota of this.#quotas.values()) {
      if (quota.region !== region) continue;
      const asked = this.#usage(quota, instance);
      if (asked === 0) continue;
      const used = holding()
        .filter(({zone}) => this.catalog.regionOf(zone) === region)
        .reduce((sum, other) => sum + this.#usage(quota, other), 0);
      if (used + asked > quota.limit) return quota;
    }
    return undefined;
  }

  #usage({region, metric}: Pick<Quota, 'region' | 'metric'>, instance: Instance): number {
    if (metric === 'INSTANCES') return 1;
    const preemptible = isSpot(instance) && this.#quotas.has(`${region}/PREEMPTIBLE_CPUS`);
    return preemptible === (metric === 'PREEMPTIBLE_CPUS') ? (this.catalog.vcpus(instance.machineType) ?? 0) : 0;
  }
}

function matches({zone, machineType, spot}: Selector, instance: Instance): boolean {
  return (
    (zone ?? instance.zone) === instance.zone &&
    (machineType ?? instance.machineType) === instance.machineType &&
    (spot ?? isSpot(instance)) === isSpot(instance)
  );
}
