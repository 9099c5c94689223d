import * as z from 'zod';
import {AWS_REGION, ROLE_ARN} from '../../model/names';
import type {ProviderSettings, Spot} from '../../model/pool';
import {
  checkProcessors,
  type Here,
  machinesOf,
  type Processor,
  type ProviderBlock,
  type RawSettings,
  type SettingsProblems,
  text,
} from '../../model/settings';

/** Provider `ec2`: creates an EC2 instance for each job from a launch template. */
export interface Ec2ProviderConfig extends ProviderSettings {
  readonly type: 'ec2';
  readonly region: string;
  /** Id (`lt-…`) or name of the launch template. */
  readonly template: string;
  /** A number, `$Default` or `$Latest`. */
  readonly version: string;
  /** At least one, in the order in which they are tried. */
  readonly subnets: readonly string[];
  /** At least one, in the order of preference. */
  readonly instanceTypes: readonly string[];
  readonly spot: Spot;
  /** The role that is assumed; without one the configuration is refused. */
  readonly roleArn: string;
}

const SUBNET = /^subnet-[0-9a-z]{1,40}$/;
const INSTANCE_TYPE = /^[a-z][a-z0-9-]{0,30}\.[a-z0-9-]{1,30}$/;
/** Names of launch templates have 3 to 128 characters. */
const TEMPLATE = /^[a-zA-Z0-9().\-/_]{3,128}$/;
const VERSION = /^(\$Default|\$Latest|[1-9]\d{0,9})$/;

const VERSION_EXPECTED = 'the number of a version, $Default or $Latest';

const schema = z.strictObject({
  type: z.literal('ec2').meta({description: 'Creates one EC2 instance for each job, from a launch template.'}),
  region: text(AWS_REGION, 'a region of AWS such as eu-central-1', 40),
  launchTemplate: text(TEMPLATE, 'the id (lt-…) or the name of a launch template, 3 to 128 characters', 128).meta({
    description: 'Launch template: id or name.',
  }),
  version: z
    .union([text(VERSION, VERSION_EXPECTED, 12), z.number().int().min(1)], {error: VERSION_EXPECTED})
    .meta({description: 'Version of the launch template: a number, $Default or $Latest.', default: '$Default'})
    .optional(),
  subnets: z
    .array(text(SUBNET, 'the id of a subnet, such as subnet-0123456789abcdef0', 50), {error: 'a list of subnets'})
    .min(1, {error: 'at least one subnet'})
    .meta({description: 'Ids of subnets, best one for each availability zone.'}),
  instanceTypes: z
    .array(text(INSTANCE_TYPE, 'an instance type such as m7i.large', 63), {error: 'a list of instance types'})
    .min(1, {error: 'at least one instance type'})
    .meta({description: 'In order of preference.'}),
  spot: z
    .enum(['never', 'prefer', 'only'], {error: 'never, prefer or only'})
    .meta({description: 'Spot instances: never used, preferred, or the only ones used.', default: 'never'})
    .optional(),
  roleArn: text(ROLE_ARN, 'the ARN of a role, such as arn:aws:iam::111122223333:role/slipway', 600)
    .meta({description: 'Role that is assumed by web identity. Default: AWS_ROLE_ARN.'})
    .optional(),
});

function settings(raw: z.infer<typeof schema>, {awsRoleArn}: Here): Ec2ProviderConfig {
  const {type, region, launchTemplate, version = '$Default', subnets, instanceTypes, spot = 'never'} = raw;
  const roleArn = raw.roleArn ?? awsRoleArn ?? '';
  return {
    type,
    region,
    template: launchTemplate,
    version: String(version),
    subnets: [...new Set(subnets)],
    instanceTypes: [...new Set(instanceTypes)],
    spot,
    roleArn,
    quotaScopes: [quotaScope({roleArn, region})],
  };
}

/** AWS counts quotas for each account and region. */
export function quotaScope({roleArn, region}: Pick<Ec2ProviderConfig, 'roleArn' | 'region'>): string {
  return `${ROLE_ARN.exec(roleArn)?.[1] ?? 'account'}/${region}`;
}

function check(
  pool: RawSettings,
  provider: RawSettings,
  path: string,
  problems: SettingsProblems,
  {awsRoleArn}: Here,
): void {
  if (provider['roleArn'] === undefined && awsRoleArn === undefined) {
    const expected = 'the ARN of the role that the functions assume at AWS, here or in AWS_ROLE_ARN';
    problems.report(`${path}.provider.roleArn`, 'nothing', expected);
  }
  checkProcessors(pool, provider['instanceTypes'], processorOf, path, problems);
  checkProcessors(pool, machinesOf(pool), processorOf, path, problems);
}

/**
 * The processor of an instance type: Graviton has a `g` behind the number of the generation (`m7g`, `c7gn`, `im4gn`), Intel and AMD have none.
 *
 * @see https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
 */
function processorOf(instanceType: string): Processor | undefined {
  const [, options] = /^[a-z]+\d+([a-z]*)[a-z0-9-]*\./.exec(instanceType) ?? [];
  // Macs are named by their chip, and run no Linux.
  if (options === undefined || instanceType.startsWith('mac')) return undefined;
  return options.includes('g') || instanceType.startsWith('a1.') ? 'arm64' : 'x64';
}

/** Pools of type ec2. */
export const ec2: ProviderBlock<typeof schema> = {schema, options: ['machine', 'disk', 'spot'], settings, check};
