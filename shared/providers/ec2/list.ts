import type {Clock} from '../../clock';
import {SlipwayError, Unavailable} from '../../errors';
import {DEPLOYMENT_LABEL, parseRunnerName} from '../../model/names';
import {type PlacedReference, readOnRecord} from '../on-record';
import type {Machine, MachineList, MachineReference} from '../provider';
import {type Account, type Accounts, isSameAccount, subnetOfPlace} from './accounts';
import type {Ec2Instance} from './client/ec2';
import {Ec2Failure, withEc2Errors} from './client/errors';
import {isEnded, isOwnInstance, machineOf} from './machine';

/** An instance, and where it was found. */
export interface Found {
  readonly instance: Ec2Instance;
  readonly account: Account;
}

export interface ListOptions {
  readonly accounts: Accounts;
  readonly deployment: string;
  readonly clock: Pick<Clock, 'now'>;
  /** Every instance that the reference may mean, those that have ended too, of whatever deployment. */
  readonly look: (reference: MachineReference) => Promise<readonly Found[]>;
}

/**
 * The instances of this deployment that have not ended: those in the accounts of all pools, and those on record. One that is on record and not in
 * the lists is asked for by its id, unless its place is one that a list covers: its pool may have been removed, or have another region, role or
 * subnets by now.
 *
 * @throws Unavailable or Refused when no account could be listed.
 */
export async function listMachines(options: ListOptions, onRecord: readonly MachineReference[]): Promise<MachineList> {
  const {accounts} = options;
  const where = accounts.all();
  // Machines of pools that are gone may be in any region.
  if (where.length === 0 && onRecord.length === 0) return {machines: [], complete: false};
  const lists = await Promise.allSettled(where.map((account) => listAccount(options, account)));
  const failed = lists.flatMap((one, index) => {
    const account = where[index];
    return one.status === 'rejected' && account ? [{account, reason: one.reason as unknown}] : [];
  });
  for (const {reason} of failed) if (!(reason instanceof SlipwayError)) throw reason;
  if (failed.length > 0 && failed.length === where.length) throw failed[0]?.reason;
  const listed = lists.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
  const unlisted = failed.map(({account}) => account);
  // mutation: instances on record
  const others = await readOnRecord(onRecord, listed, (reference) => readInstance(options, reference, unlisted));
  const machines = [...listed, ...others.machines];
  const unreadPlaces = [
    ...new Set([...unlisted.flatMap((account) => accounts.placesOf(account)), ...others.unreadPlaces]),
  ];
  const complete = failed.length === 0 && unreadPlaces.length === 0;
  return complete ? {machines, complete} : {machines, complete, unreadPlaces};
}

async function listAccount({accounts, deployment, clock}: ListOptions, account: Account): Promise<Machine[]> {
  // mutation: instances of this deployment
  const query = {tags: {[DEPLOYMENT_LABEL]: deployment}};
  const instances = await withEc2Errors(accounts.client(account).describeInstances(query));
  const alive = instances.filter((instance) => isOwnInstance(deployment, instance) && !isEnded(instance));
  return alive.map((instance) => machineOf(instance, account.region, clock.now()));
}

/** A machine on record that no list has. `unlisted`: the accounts that could not be listed. */
async function readInstance(
  {accounts, deployment, clock, look}: ListOptions,
  reference: PlacedReference,
  unlisted: readonly Account[],
): Promise<Machine | undefined> {
  const {name, pool, place} = reference;
  const where = accounts.ofMachine(pool ?? parseRunnerName(deployment, name)?.pool, place);
  if (where.some((account) => unlisted.some((other) => isSameAccount(account, other)))) throw unknownEnd(name);
  // It would be in the list of that account.
  if (where.some((account) => accounts.placesOf(account).includes(place))) return undefined;
  const found = await look(reference);
  const own = found.filter(({instance}) => isOwnInstance(deployment, instance));
  const alive = own.find(({instance}) => !isEnded(instance));
  if (alive) return machineOf(alive.instance, alive.account.region, clock.now());
  if (found.length > 0 || (await isIn(accounts, where, subnetOfPlace(place)))) return undefined;
  // The region has a machine in an account that no role reaches any more.
  throw unknownEnd(name);
}

/** Whether the subnet belongs to one of these accounts, so that an instance in it that they do not have is gone. */
async function isIn(accounts: Accounts, where: readonly Account[], subnet: string): Promise<boolean> {
  for (const account of where) {
    try {
      if ((await accounts.client(account).subnets([subnet])).length > 0) return true;
    } catch (error) {
      if (!(error instanceof Ec2Failure)) throw error;
    }
  }
  return false;
}

function unknownEnd(name: string): Unavailable {
  return new Unavailable(`it cannot be told whether the instance of ${name} has ended`, 60);
}
