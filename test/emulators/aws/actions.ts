import {AwsRefusal, type InstanceRequest, notFound} from './instances';
import {unknownParameters} from './parameter-names';
import {SUBNETS} from './places';
import {element, instanceItem, reservationItem, response, stateOf, subnetItem, templateItem} from './render';
import type {AwsInstance, AwsWorld, LaunchTemplateData} from './world';

/** One request of the query protocol: its action, and its parameters without `Action` and `Version`. */
export interface Query {
  readonly action: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Whose endpoint was asked; the world's unless given. */
  readonly region?: string;
}

const MOST_USER_DATA = 16 * 1024;

/** EC2's actions, as far as Slipway calls them. Returns XML. @throws AwsRefusal */
export function perform(world: AwsWorld, {action, parameters, region = world.region}: Query): string {
  const unknown = unknownParameters(action, Object.keys(parameters));
  if (unknown.length > 0) {
    throw new AwsRefusal(400, 'UnknownParameter', `The parameter ${unknown.join(', ')} is not recognized`);
  }
  if (world.denied.has(`ec2:${action}`)) {
    throw new AwsRefusal(403, 'UnauthorizedOperation', 'You are not authorized to perform this operation.');
  }
  switch (action) {
    case 'RunInstances':
      return runInstances(world, parameters, region);
    case 'DescribeInstances':
      return describeInstances(world, parameters, region);
    case 'TerminateInstances':
      return terminateInstances(world, parameters, region);
    case 'GetConsoleOutput':
      return consoleOutput(world, parameters, region);
    case 'DescribeLaunchTemplateVersions':
      return launchTemplateVersions(world, parameters);
    case 'DescribeSubnets':
      return subnets(world, parameters, region);
    default:
      throw new AwsRefusal(400, 'InvalidAction', `The action ${action} is not valid for this web service.`);
  }
}

type Parameters = Query['parameters'];

function runInstances(world: AwsWorld, parameters: Parameters, region: string): string {
  if (parameters['MinCount'] !== '1' || parameters['MaxCount'] !== '1') {
    throw new AwsRefusal(400, 'MissingParameter', 'The request must contain the parameter MinCount and MaxCount');
  }
  const userData = parameters['UserData'] ?? '';
  if (Buffer.from(userData, 'base64').length > MOST_USER_DATA) {
    throw new AwsRefusal(400, 'InvalidParameterValue', 'User data is limited to 16384 bytes');
  }
  const token = parameters['ClientToken'] ?? '';
  if (token.length > 64) throw new AwsRefusal(400, 'InvalidParameterValue', 'ClientToken is longer than 64 characters');
  findTemplate(world, parameters['LaunchTemplate.LaunchTemplateId'], parameters['LaunchTemplate.LaunchTemplateName']);
  const subnet = parameters['SubnetId'] ?? '';
  if (!isSubnet(subnet)) throw notFound('Subnet', subnet);
  for (const used of [subnet, parameters['InstanceType'] ?? '']) {
    if (!world.denied.has(`ec2:RunInstances ${used}`)) continue;
    throw new AwsRefusal(403, 'UnauthorizedOperation', `You are not authorized to run instances with ${used}.`);
  }
  if (parameters['DryRun'] === 'true') {
    throw new AwsRefusal(412, 'DryRunOperation', 'Request would have succeeded, but DryRun flag is set.');
  }
  const instance = world.run(requestOf(parameters, region));
  return response('RunInstances', element('reservationId', 'r-1'), element('instancesSet', instanceItem(instance)));
}

function requestOf(parameters: Parameters, region: string): InstanceRequest {
  return {
    region,
    subnet: parameters['SubnetId'] ?? '',
    instanceType: parameters['InstanceType'] ?? '',
    isSpot: parameters['InstanceMarketOptions.MarketType'] === 'spot',
    template: parameters['LaunchTemplate.LaunchTemplateId'] ?? parameters['LaunchTemplate.LaunchTemplateName'] ?? '',
    version: parameters['LaunchTemplate.Version'] ?? '$Default',
    clientToken: parameters['ClientToken'] ?? '',
    tags: tagsOf(parameters, 'instance'),
    userData: parameters['UserData'] ?? '',
    shutdownBehavior: parameters['InstanceInitiatedShutdownBehavior'] ?? 'stop',
    fingerprint: JSON.stringify(Object.entries(parameters).sort()),
  };
}

function tagsOf(parameters: Parameters, resource: string): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const [name, value] of Object.entries(parameters)) {
    const [, index, tag] = /^TagSpecification\.(\d+)\.Tag\.(\d+)\.Key$/.exec(name) ?? [];
    if (index === undefined || parameters[`TagSpecification.${index}.ResourceType`] !== resource) continue;
    tags[value] = parameters[`TagSpecification.${index}.Tag.${tag}.Value`] ?? '';
  }
  return tags;
}

function findTemplate(world: AwsWorld, id: string | undefined, name: string | undefined): LaunchTemplateData {
  const found = world.templates.find((template) => template.id === id || template.name === name);
  if (found) return found;
  const code = id === undefined ? 'InvalidLaunchTemplateName.NotFoundException' : 'InvalidLaunchTemplateId.NotFound';
  throw new AwsRefusal(400, code, `The specified launch template, with template ${id ?? name}, does not exist.`);
}

function describeInstances(world: AwsWorld, parameters: Parameters, region: string): string {
  const ids = listOf(parameters, 'InstanceId');
  const shown = world.shown(region);
  for (const id of ids) {
    if (!/^i-[0-9a-f]{8,17}$/.test(id)) {
      throw new AwsRefusal(400, 'InvalidInstanceID.Malformed', `Invalid id: "${id}"`);
    }
    if (!shown.some((instance) => instance.id === id)) throw notFound('Instance', id);
  }
  if (ids.length > 0 && parameters['MaxResults'] !== undefined) {
    throw new AwsRefusal(400, 'InvalidParameterCombination', 'MaxResults cannot be used with instance ids');
  }
  const found = shown.filter((one) => (ids.length === 0 || ids.includes(one.id)) && passes(one, parameters));
  const from = Number(parameters['NextToken'] ?? 0);
  const size = Number(parameters['MaxResults'] ?? 1000);
  const page = found.slice(from, from + size);
  const next = from + size < found.length ? element('nextToken', String(from + size)) : '';
  return response('DescribeInstances', element('reservationSet', ...page.map(reservationItem)), next);
}

function passes(instance: AwsInstance, parameters: Parameters): boolean {
  for (let index = 1; ; index++) {
    const name = parameters[`Filter.${index}.Name`];
    if (name === undefined) return true;
    const values = listOf(parameters, `Filter.${index}.Value`).map((value) => value.replace(/\\(.)/g, '$1'));
    if (!values.includes(filtered(instance, name) ?? '\0')) return false;
  }
}

function filtered(instance: AwsInstance, filter: string): string | undefined {
  if (filter.startsWith('tag:')) return instance.tags[filter.slice(4)];
  if (filter === 'client-token') return instance.clientToken;
  if (filter === 'instance-state-name') return instance.state;
  throw new AwsRefusal(400, 'InvalidParameterValue', `The filter '${filter}' is invalid`);
}

function terminateInstances(world: AwsWorld, parameters: Parameters, region: string): string {
  const items = listOf(parameters, 'InstanceId').map((id) => {
    const instance = world.terminate(id, region);
    return element('item', element('instanceId', id), stateOf(instance, 'currentState'));
  });
  return response('TerminateInstances', element('instancesSet', ...items));
}

function consoleOutput(world: AwsWorld, parameters: Parameters, region: string): string {
  const id = parameters['InstanceId'] ?? '';
  if (!world.shown(region).some((instance) => instance.id === id)) throw notFound('Instance', id);
  const output = Buffer.from(world.consoles.get(id) ?? '').toString('base64');
  return response('GetConsoleOutput', element('instanceId', id), element('output', output));
}

function launchTemplateVersions(world: AwsWorld, parameters: Parameters): string {
  const template = findTemplate(world, parameters['LaunchTemplateId'], parameters['LaunchTemplateName']);
  const versions = listOf(parameters, 'LaunchTemplateVersion');
  const items = versions.map((version) => templateItem(template, version));
  return response('DescribeLaunchTemplateVersions', element('launchTemplateVersionSet', ...items));
}

function subnets(world: AwsWorld, parameters: Parameters, region: string): string {
  const items = listOf(parameters, 'SubnetId').map((id) => {
    if (!isSubnet(id)) throw notFound('Subnet', id);
    return subnetItem(id, region, world.freeAddresses);
  });
  return response('DescribeSubnets', element('subnetSet', ...items));
}

function isSubnet(id: string): boolean {
  return (SUBNETS as readonly string[]).includes(id);
}

function listOf(parameters: Parameters, name: string): string[] {
  const values: string[] = [];
  for (let index = 1; ; index++) {
    const value = parameters[`${name}.${index}`];
    if (value === undefined) return values;
    values.push(value);
  }
}
