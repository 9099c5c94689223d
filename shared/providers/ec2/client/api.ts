import type {Ec2, Ec2Instance, InstanceQuery, InstanceState, LaunchTemplate, Subnet} from './ec2';
import {Ec2Failure, isAbsentInstance} from './errors';
import {describeParameters, listed, type Parameters, runParameters} from './parameters';
import {elementAt, itemsOf, textAt, type XmlElement} from './xml';

/** Sends one action and returns the answer's root element. Throws `Ec2Failure`. */
export type CallEc2 = (action: string, parameters: Parameters, what: string) => Promise<XmlElement>;

/** Pages of one list: a million instances. Beyond it the service repeats itself. */
const MOST_PAGES = 1000;

/** EC2's actions over one function that sends them: signed HTTP, or an emulator in the same process. */
export function ec2Api(call: CallEc2): Ec2 {
  return {
    async runInstance(request) {
      const {subnet, instanceType, clientToken} = request;
      const what = `run ${clientToken} as ${instanceType} in ${subnet}`;
      const answer = await call('RunInstances', runParameters(request), what);
      const [instance] = itemsOf(answer, 'instancesSet').map(readInstance);
      if (!instance) throw new Ec2Failure('uncertain', 'NO_INSTANCE', `${what}: the answer names no instance`);
      return instance;
    },

    async tryRunInstance(request) {
      const what = `try ${request.instanceType} in ${request.subnet}`;
      try {
        await call('RunInstances', {...runParameters(request), DryRun: 'true'}, what);
      } catch (error) {
        if (!(error instanceof Ec2Failure && error.code === 'DryRunOperation')) throw error;
      }
    },

    async describeInstances(query) {
      try {
        return await describeAll(call, query);
      } catch (error) {
        if (isAbsentInstance(error)) return [];
        throw error;
      }
    },

    async terminateInstance(id) {
      try {
        await call('TerminateInstances', listed('InstanceId', [id]), `terminate ${id}`);
        return 'accepted';
      } catch (error) {
        if (isAbsentInstance(error)) return 'absent';
        throw error;
      }
    },

    async consoleOutput(id) {
      try {
        const answer = await call('GetConsoleOutput', {InstanceId: id}, `read the console of ${id}`);
        return Buffer.from(textAt(answer, 'output'), 'base64').toString('utf8');
      } catch (error) {
        if (isAbsentInstance(error)) return undefined;
        throw error;
      }
    },

    async launchTemplate(template, version) {
      const what = `read version ${version} of launch template ${template}`;
      const key = template.startsWith('lt-') ? 'LaunchTemplateId' : 'LaunchTemplateName';
      const parameters = {[key]: template, ...listed('LaunchTemplateVersion', [version])};
      const answer = await call('DescribeLaunchTemplateVersions', parameters, what);
      const [found] = itemsOf(answer, 'launchTemplateVersionSet').map(readTemplate);
      if (!found) throw new Ec2Failure('denied', 'NO_VERSION', `${what}: there is no such version`);
      return found;
    },

    async subnets(ids) {
      const answer = await call('DescribeSubnets', listed('SubnetId', ids), `read ${ids.join(', ')}`);
      return itemsOf(answer, 'subnetSet').map(readSubnet);
    },
  };
}

async function describeAll(call: CallEc2, query: InstanceQuery): Promise<readonly Ec2Instance[]> {
  const found: Ec2Instance[] = [];
  let nextToken: string | undefined;
  for (let page = 1; page <= MOST_PAGES; page++) {
    const answer = await call('DescribeInstances', describeParameters(query, nextToken), `list ${wordsOf(query)}`);
    for (const reservation of itemsOf(answer, 'reservationSet')) {
      found.push(...itemsOf(reservation, 'instancesSet').map(readInstance));
    }
    nextToken = textAt(answer, 'nextToken') || undefined;
    if (nextToken === undefined) return found;
  }
  throw new Ec2Failure('uncertain', 'TOO_MANY_PAGES', `list ${wordsOf(query)}: more than ${MOST_PAGES} pages`);
}

function wordsOf(query: InstanceQuery): string {
  if ('ids' in query) return query.ids.join(', ');
  if ('clientToken' in query) return `the instance of client token ${query.clientToken}`;
  return `instances with ${Object.entries(query.tags)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ')}`;
}

function readInstance(item: XmlElement): Ec2Instance {
  return {
    id: textAt(item, 'instanceId'),
    state: stateOf(textAt(item, 'instanceState', 'name')),
    subnet: textAt(item, 'subnetId'),
    instanceType: textAt(item, 'instanceType'),
    isSpot: textAt(item, 'instanceLifecycle') === 'spot',
    launchTime: textAt(item, 'launchTime'),
    clientToken: textAt(item, 'clientToken'),
    tags: Object.fromEntries(itemsOf(item, 'tagSet').map((tag) => [textAt(tag, 'key'), textAt(tag, 'value')])),
    stateReason: textAt(item, 'stateReason', 'code'),
  };
}

const STATES: readonly string[] = ['pending', 'running', 'shutting-down', 'terminated', 'stopping', 'stopped'];

/** A state of a later version of the API is a machine that may run. */
function stateOf(name: string): InstanceState {
  return STATES.includes(name) ? (name as InstanceState) : 'running';
}

function readTemplate(item: XmlElement): LaunchTemplate {
  return {
    name: textAt(item, 'launchTemplateName'),
    version: textAt(item, 'versionNumber'),
    shutdownBehavior: textAt(item, 'launchTemplateData', 'instanceInitiatedShutdownBehavior'),
    ...readRootDisk(item),
  };
}

/** Settings of a disk, by their names in requests. In answers the first letter is small. */
const DISK_SETTINGS = ['VolumeType', 'Iops', 'Throughput', 'Encrypted', 'KmsKeyId', 'SnapshotId'] as const;

function readRootDisk(template: XmlElement): Pick<LaunchTemplate, 'rootDisk'> {
  const disks = itemsOf(elementAt(template, 'launchTemplateData'), 'blockDeviceMappingSet');
  const disk = disks.find((one) => textAt(one, 'deviceName') !== '' && textAt(one, 'noDevice') === '');
  if (!disk) return {};
  const settings = DISK_SETTINGS.flatMap((name): [string, string][] => {
    const value = textAt(disk, 'ebs', name.charAt(0).toLowerCase() + name.slice(1));
    return value === '' ? [] : [[name, value]];
  });
  const sizeGb = Number(textAt(disk, 'ebs', 'volumeSize')) || 0;
  return {rootDisk: {device: textAt(disk, 'deviceName'), sizeGb, settings: Object.fromEntries(settings)}};
}

function readSubnet(item: XmlElement): Subnet {
  return {
    id: textAt(item, 'subnetId'),
    zone: textAt(item, 'availabilityZone'),
    freeAddresses: Number(textAt(item, 'availableIpAddressCount')),
  };
}
