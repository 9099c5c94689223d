import type {Clock} from '../../clock';
import {Refused, Unavailable} from '../../errors';
import type {
  BeginRequest,
  CreateOutcome,
  MachineReference,
  PrepareRequest,
  StandbyLook,
  StandbyMachines,
  StandbyReference,
} from '../provider';
import {belongsTo, requestId} from './client/body';
import type {Compute, InstanceDetails} from './client/compute';
import {withComputeErrors} from './client/errors';
import {STANDBY_FINGERPRINT_KEY, STANDBY_REPORT} from './client/metadata-keys';
import {findTemplate} from './client/templates';
import {type CreateOptions, prepareStandby} from './create';
import {runnerMetadata} from './runner-metadata';
import {beginStandby} from './standby-begin';
import {standbyFingerprint} from './standby-fingerprint';
import {poolRegion} from './zones';

export interface GceStandbyOptions {
  readonly compute: Compute;
  readonly deployment: string;
  readonly clock: Clock;
  /** What a creation for this pool needs; undefined: there is no such pool. */
  readonly creation: (pool: string) => CreateOptions | undefined;
  /** The zones in which the machine is looked for. Rejects with `ComputeFailure`. */
  readonly zonesOf: (machine: MachineReference) => Promise<readonly string[]>;
}

/** What the guest reports when it has prepared itself; anything else is why it could not. */
const READY = 'ready';

/** Seconds after which a suspension that came between other changes is tried again. */
const SUSPEND_RETRY_SECONDS = 20;

/**
 * VMs that are made ahead, and held stopped or suspended.
 *
 * @see https://cloud.google.com/compute/docs/instances/suspend-resume-instance
 */
export function createGceStandby(options: GceStandbyOptions): StandbyMachines {
  const {compute, deployment, clock, creation, zonesOf} = options;

  const details = async (machine: MachineReference): Promise<InstanceDetails | undefined> => {
    for (const zone of await zonesOf(machine)) {
      const instance = await compute.getInstanceDetails(zone, machine.name);
      if (instance && belongsTo(deployment, instance)) return instance;
    }
    return undefined;
  };

  async function look(machine: StandbyReference): Promise<StandbyLook> {
    const instance = await details(machine);
    if (!instance) return {state: 'absent'};
    const fingerprint = instance.metadata.items?.find(({key}) => key === STANDBY_FINGERPRINT_KEY)?.value;
    const known = fingerprint === undefined ? {} : {fingerprint};
    if (instance.standby?.isBegun) return {state: 'begun', ...known};
    const report = await compute.guestAttribute(instance.zone, instance.name, STANDBY_REPORT);
    return {...stateOf(instance, machine, report), ...known};
  }

  async function suspend(machine: StandbyReference): Promise<'accepted' | 'absent'> {
    const instance = await details(machine);
    if (!instance) return 'absent';
    const {name, zone, status, lastStartTimestamp} = instance;
    if (status === 'SUSPENDING' || status === 'SUSPENDED') return 'accepted';
    if (instance.standby?.isBegun) throw new Refused(`standby machine ${name} has a JIT config and is not suspended`);
    if (status !== 'RUNNING')
      throw new Unavailable(`standby machine ${name} is ${status}: it cannot be suspended now`, SUSPEND_RETRY_SECONDS);
    await compute.powerInstance('suspend', zone, name, requestId('suspend', name, zone, lastStartTimestamp));
    return 'accepted';
  }

  return {
    async prepare(request: PrepareRequest): Promise<CreateOutcome> {
      const own = creation(request.pool);
      return own ? prepareStandby(own, request) : {kind: 'refused', message: `found no pool ${request.pool}`};
    },
    look: (machine) => withComputeErrors(clock, look(machine)),
    async fingerprint(pool) {
      const own = creation(pool);
      if (!own) throw new Refused(`found no pool ${pool}; expected one that makes VMs`);
      const region = poolRegion(own.pool, own.place);
      const template = await withComputeErrors(clock, findTemplate(compute, own.pool.provider.template, region));
      // What another function remembers would differ for minutes, and each sweep would replace what was just made.
      const runner = await own.runnerToInstall({isFresh: true});
      return standbyFingerprint(template, runnerMetadata(template, runner));
    },
    suspend: (machine) => withComputeErrors(clock, suspend(machine)),
    async begin(request: BeginRequest): Promise<CreateOutcome> {
      const zone = request.machine.place ?? request.placement.place;
      return beginStandby({compute, deployment, clock, zone}, request);
    },
  };
}

/** A machine that was not begun. `report`: what its guest has told. */
function stateOf(
  {status}: InstanceDetails,
  {hold}: StandbyReference,
  report: string | undefined,
): Pick<StandbyLook, 'state' | 'because' | 'isFailedBoot'> {
  if (report !== undefined && report !== READY) return {state: 'failed', because: report, isFailedBoot: true};
  const isReady = report === READY;
  switch (status) {
    case 'TERMINATED':
      // A guest that cannot prepare itself says why before it powers off.
      if (!isReady)
        return {
          state: 'failed',
          because: 'was stopped before it reported that it is ready; the log of its serial port says more',
        };
      return hold === 'stopped' ? {state: 'ready'} : {state: 'failed', because: 'is stopped, not suspended'};
    case 'SUSPENDED':
      if (hold === 'suspended' && isReady) return {state: 'ready'};
      return {state: 'failed', because: `is suspended, and ${isReady ? 'was to be stopped' : 'not ready'}`};
    case 'RUNNING':
      return {state: isReady ? 'prepared' : 'preparing'};
    default:
      return {state: 'preparing'};
  }
}
