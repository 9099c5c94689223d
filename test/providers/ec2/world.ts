import type {Pool} from '../../../shared/model/pool';
import type {Account} from '../../../shared/providers/ec2/accounts';
import {createEc2} from '../../../shared/providers/ec2/client/client';
import type {Ec2} from '../../../shared/providers/ec2/client/ec2';
import type {Ec2ProviderConfig} from '../../../shared/providers/ec2/config';
import {createEc2Provider} from '../../../shared/providers/ec2/provider';
import type {RunnerProvider} from '../../../shared/providers/provider';
import {createLogger} from '../../../shared/telemetry/create-logger';
import {aPool} from '../../builders/lifecycle';
import {directEc2} from '../../emulators/aws/direct';
import {REGION, ROLE, SUBNETS} from '../../emulators/aws/places';
import {AwsServer, FUNCTIONS_ACCOUNT} from '../../emulators/aws/server';
import {type AwsInstance, AwsWorld, type AwsWorldOptions} from '../../emulators/aws/world';
import {OidcIssuer} from '../../emulators/oidc';
import {VirtualScheduler} from '../../emulators/scheduler';

export const NAME = 'slipway-arm-7-1';

export const SETTINGS: Ec2ProviderConfig = {
  type: 'ec2',
  region: REGION,
  template: 'runner',
  version: '$Default',
  subnets: SUBNETS,
  instanceTypes: ['m7g.large'],
  spot: 'never',
  roleArn: ROLE,
  quotaScopes: [`111122223333/${REGION}`],
};

export interface Ec2World {
  readonly clock: VirtualScheduler;
  readonly world: AwsWorld;
  readonly server: AwsServer;
  readonly provider: RunnerProvider;
  /** The provider of the same deployment after its pools were changed to these. */
  changedTo(pools: readonly Pool[], defaultRole?: string): RunnerProvider;
  /** The client of the provider's account. */
  readonly ec2: Ec2;
  readonly log: string[];
  /** The requests of this action that arrived. */
  sent(action: string): Readonly<Record<string, string>>[];
  /** Instances that are not on their way out. */
  alive(): AwsInstance[];
  close(): Promise<void>;
}

export interface Ec2WorldOptions {
  readonly settings?: Partial<Ec2ProviderConfig>;
  /** In place of one pool `arm`. */
  readonly pools?: readonly Pool[];
  readonly defaultRole?: string;
  readonly world?: Partial<AwsWorldOptions>;
  /** On the port that the simulation has, in place of signed HTTP. */
  readonly isDirect?: boolean;
  /** Of the identity tokens, in place of the one that the role trusts. */
  readonly audience?: string;
  /** EC2 of accounts that the emulated one is not; undefined: the account is the emulated one. */
  readonly elsewhere?: (account: Account) => Ec2 | undefined;
}

/** The provider on its own client and the HTTP server of the emulated AWS, with a virtual clock. */
export async function openEc2World(options: Ec2WorldOptions = {}): Promise<Ec2World> {
  const clock = new VirtualScheduler();
  const world = new AwsWorld({scheduler: clock, startMs: 0, ...options.world});
  const oidc = await OidcIssuer.create(clock);
  const server = new AwsServer({world, scheduler: clock, oidc});
  const {AWS_ENDPOINT_URL_EC2: ec2Url, AWS_ENDPOINT_URL_STS: stsUrl} = await server.listen();
  const log: string[] = [];
  const logger = createLogger({level: 'debug', destination: {write: (line) => log.push(line)}});
  const identityToken = async (audience: string) => {
    server.tokens.push(audience);
    return oidc.token({audience, email: FUNCTIONS_ACCOUNT});
  };
  const signed = (region: string) =>
    createEc2({
      ...{region, roleArn: ROLE, audience: options.audience ?? 'slipway-slipway', sessionName: 'slipway-slipway'},
      ...{endpoints: {ec2: ec2Url, sts: stsUrl}, clock, identityToken},
    });
  const open = ({region}: Pick<Account, 'region'>) => (options.isDirect ? directEc2(server, region) : signed(region));
  const ec2 = open({region: REGION});
  const changedTo = (pools: readonly Pool[], defaultRole?: string) =>
    createEc2Provider({
      config: {
        ...{deployment: 'slipway', pools},
        aws: {audience: 'slipway-slipway', endpoints: {}, ...(defaultRole ? {roleArn: defaultRole} : {})},
      },
      clock,
      logger,
      open: (account) => options.elsewhere?.(account) ?? (account.region === REGION ? ec2 : open(account)),
    });
  const pools = options.pools ?? [aPool({provider: {...SETTINGS, ...options.settings}})];
  const provider = changedTo(pools, options.defaultRole);
  return {
    ...{clock, world, server, provider, changedTo, ec2, log},
    sent: (action) => server.requests.filter((request) => request.action === action).map(({parameters}) => parameters),
    alive: () => world.machines().filter(({state}) => state !== 'shutting-down'),
    close: () => server.close(),
  };
}
