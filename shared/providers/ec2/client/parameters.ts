import type {InstanceQuery, RootDisk, RunRequest} from './ec2';

/** The parameters of one action, in the EC2 query protocol: lists and structures are spelt out in the names. */
export type Parameters = Readonly<Record<string, string>>;

/** Most instances of one page. @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html */
export const PAGE_SIZE = 1000;

/** Tags are given to what a launch creates in the same request: nothing is there without them. */
const TAGGED = ['instance', 'volume'];

/**
 * Parameters of `RunInstances` for one instance. They win over those of the launch template, so that whatever it says the instance ends with
 * its guest (`terminate`) and jobs in containers cannot reach the metadata (one hop, a token).
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
 */
export function runParameters(request: RunRequest): Parameters {
  const {subnet, instanceType, spot, template, version, clientToken, tags, userData, disk} = request;
  return {
    MinCount: '1',
    MaxCount: '1',
    [template.startsWith('lt-') ? 'LaunchTemplate.LaunchTemplateId' : 'LaunchTemplate.LaunchTemplateName']: template,
    'LaunchTemplate.Version': version,
    InstanceType: instanceType,
    SubnetId: subnet,
    UserData: userData.reveal(),
    ClientToken: clientToken,
    InstanceInitiatedShutdownBehavior: 'terminate',
    'MetadataOptions.HttpTokens': 'required',
    'MetadataOptions.HttpPutResponseHopLimit': '1',
    'MetadataOptions.HttpEndpoint': 'enabled',
    ...(spot
      ? {
          'InstanceMarketOptions.MarketType': 'spot',
          'InstanceMarketOptions.SpotOptions.SpotInstanceType': 'one-time',
          'InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior': 'terminate',
        }
      : {}),
    ...(disk ? diskParameters(disk) : {}),
    ...tagParameters(tags),
  };
}

/** @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EbsBlockDevice.html */
function diskParameters({device, sizeGb, settings}: RootDisk): Parameters {
  const ebs = {...settings, VolumeSize: String(sizeGb), DeleteOnTermination: 'true'};
  return {
    'BlockDeviceMapping.1.DeviceName': device,
    ...Object.fromEntries(Object.entries(ebs).map(([name, value]) => [`BlockDeviceMapping.1.Ebs.${name}`, value])),
  };
}

function tagParameters(tags: Readonly<Record<string, string>>): Parameters {
  const one = (resource: string, index: number): [string, string][] => {
    const prefix = `TagSpecification.${index + 1}`;
    const pairs = Object.entries(tags).flatMap(([key, value], at): [string, string][] => [
      [`${prefix}.Tag.${at + 1}.Key`, key],
      [`${prefix}.Tag.${at + 1}.Value`, value],
    ]);
    return [[`${prefix}.ResourceType`, resource], ...pairs];
  };
  return Object.fromEntries(TAGGED.flatMap(one));
}

/** Parameters of one page of `DescribeInstances`. Ids take no page size. */
export function describeParameters(query: InstanceQuery, nextToken?: string): Parameters {
  if ('ids' in query) return listed('InstanceId', query.ids);
  const filters: [string, string][] =
    'clientToken' in query
      ? [['client-token', query.clientToken]]
      : Object.entries(query.tags).map(([key, value]) => [`tag:${key}`, value]);
  return {
    ...Object.fromEntries(
      filters.flatMap(([name, value], index) => [
        [`Filter.${index + 1}.Name`, name],
        [`Filter.${index + 1}.Value.1`, escaped(value)],
      ]),
    ),
    MaxResults: String(PAGE_SIZE),
    ...(nextToken === undefined ? {} : {NextToken: nextToken}),
  };
}

/** `Name.1`, `Name.2`, and so on. */
export function listed(name: string, values: readonly string[]): Parameters {
  return Object.fromEntries(values.map((value, index) => [`${name}.${index + 1}`, value]));
}

/** In a filter `*` and `?` stand for any characters. */
function escaped(value: string): string {
  return value.replace(/[\\*?]/g, String.raw`\$&`);
}
