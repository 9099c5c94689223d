import type {Ec2} from './client/ec2';
import type {Ec2ProviderConfig} from './config';

/** One region of one account, which a role gives access to. */
export interface Account {
  readonly region: string;
  readonly roleArn: string;
}

/** `Placement.place`: the region and the subnet. The region is part of it, so that a record leads to its machine when its pool is gone. */
export function placeOf(region: string, subnet: string): string {
  return `${region}/${subnet}`;
}

export function regionOfPlace(place: string): string {
  return place.slice(0, Math.max(0, place.indexOf('/')));
}

export function subnetOfPlace(place: string): string {
  return place.slice(place.indexOf('/') + 1);
}

/** A pool, in what an account is found by. */
interface AccountPool {
  readonly name: string;
  readonly provider: Ec2ProviderConfig;
}

export interface AccountsOptions {
  readonly pools: readonly AccountPool[];
  /** For machines of pools that are gone. */
  readonly defaultRole: string | undefined;
  readonly open: (account: Account) => Ec2;
}

/** The clients of a deployment, one for each account and region; each is made when it is first used. */
export class Accounts {
  readonly #clients = new Map<string, Ec2>();

  constructor(private readonly options: AccountsOptions) {}

  client(account: Account): Ec2 {
    const key = keyOf(account);
    const client = this.#clients.get(key) ?? this.options.open(account);
    this.#clients.set(key, client);
    return client;
  }

  /** The accounts of all pools. */
  all(): readonly Account[] {
    return unique(this.options.pools.map(({provider}) => accountOf(provider)));
  }

  /**
   * Where a machine is looked for: in its pool's account, in the region of its place. For a pool that is gone, wherever a role reaches that
   * region. Empty: no role is known.
   */
  ofMachine(poolName: string | undefined, place: string | undefined): readonly Account[] {
    const region = place === undefined ? undefined : regionOfPlace(place);
    const isThere = (account: Account) => region === undefined || account.region === region;
    const pool = this.options.pools.find(({name}) => name === poolName);
    if (pool && isThere(pool.provider)) return [accountOf(pool.provider)];
    const {defaultRole} = this.options;
    const byDefault = region !== undefined && defaultRole !== undefined ? [{region, roleArn: defaultRole}] : [];
    return unique([...this.all().filter(isThere), ...byDefault]);
  }

  /** The places of an account's pools. */
  placesOf(account: Account): readonly string[] {
    const own = this.options.pools.filter(({provider}) => isSameAccount(provider, account));
    return [...new Set(own.flatMap(({provider}) => provider.subnets.map((subnet) => placeOf(account.region, subnet))))];
  }
}

export function accountOf({region, roleArn}: Account): Account {
  return {region, roleArn};
}

export function isSameAccount(one: Account, other: Account): boolean {
  return keyOf(one) === keyOf(other);
}

function keyOf({region, roleArn}: Account): string {
  return `${region} ${roleArn}`;
}

function unique(accounts: readonly Account[]): Account[] {
  return [...new Map(accounts.map((account) => [keyOf(account), account])).values()];
}
