import {STATE_CODES} from './instances';
import type {AwsInstance, LaunchTemplateData} from './world';

const NAMESPACE = 'http://ec2.amazonaws.com/doc/2016-11-15/';
const REQUEST_ID = '59dbff89-35bd-4eac-99ed-be587EXAMPLE';

/** An element with its text or its children. */
export function element(name: string, ...content: readonly string[]): string {
  return `<${name}>${content.join('')}</${name}>`;
}

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

export function response(action: string, ...content: readonly string[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${action}Response xmlns="${NAMESPACE}">${element('requestId', REQUEST_ID)}${content.join('')}</${action}Response>`;
}

export function refusal(code: string, message: string): string {
  const error = element('Error', element('Code', escaped(code)), element('Message', escaped(message)));
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('Response', element('Errors', error), element('RequestID', REQUEST_ID))}`;
}

/** `reason`: also of one that runs, where the service leaves it out. */
export function instanceItem(instance: AwsInstance): string {
  const {id, state, subnet, region, instanceType, isSpot, clientToken, tags, stateReason, createdAtMs} = instance;
  const hasEnded = state === 'terminated';
  return element(
    'item',
    element('instanceId', id),
    element('imageId', 'ami-0abcdef1234567890'),
    stateOf(instance),
    element('amiLaunchIndex', '0'),
    element('instanceType', instanceType),
    element('launchTime', new Date(createdAtMs).toISOString()),
    element('placement', element('availabilityZone', `${region}${subnet.slice(-1)}`), element('tenancy', 'default')),
    // What has ended has no network any more.
    ...(hasEnded ? [] : [element('subnetId', subnet)]),
    ...(stateReason === ''
      ? []
      : [element('stateReason', element('code', stateReason), element('message', `${stateReason}: ended`))]),
    ...(isSpot ? [element('instanceLifecycle', 'spot')] : []),
    element('clientToken', escaped(clientToken)),
    element('tagSet', ...Object.entries(tags).map(tagItem)),
  );
}

export function stateOf({state}: AwsInstance, name = 'instanceState'): string {
  return element(name, element('code', String(STATE_CODES[state])), element('name', state));
}

function tagItem([key, value]: readonly [string, string]): string {
  return element('item', element('key', escaped(key)), element('value', escaped(value)));
}

export function reservationItem(instance: AwsInstance): string {
  return element(
    'item',
    element('reservationId', instance.id.replace(/^i/, 'r')),
    element('ownerId', '111122223333'),
    element('groupSet'),
    element('instancesSet', instanceItem(instance)),
  );
}

export function templateItem({name, id, shutdownBehavior, disk}: LaunchTemplateData, version: string): string {
  const behavior = shutdownBehavior === undefined ? '' : element('instanceInitiatedShutdownBehavior', shutdownBehavior);
  return element(
    'item',
    element('launchTemplateId', id),
    element('launchTemplateName', escaped(name)),
    element('versionNumber', /^\d+$/.test(version) ? version : '1'),
    element('defaultVersion', 'true'),
    element('launchTemplateData', element('imageId', 'ami-0abcdef1234567890'), behavior, disk ? disks(disk) : ''),
  );
}

function disks({device, sizeGb, type}: NonNullable<LaunchTemplateData['disk']>): string {
  const ebs = [
    element('encrypted', 'true'),
    element('deleteOnTermination', 'true'),
    element('volumeSize', String(sizeGb)),
    element('volumeType', type),
  ];
  return element('blockDeviceMappingSet', element('item', element('deviceName', device), element('ebs', ...ebs)));
}

export function subnetItem(subnet: string, region: string, freeAddresses: number): string {
  return element(
    'item',
    element('subnetId', subnet),
    element('state', 'available'),
    element('vpcId', 'vpc-1'),
    element('availableIpAddressCount', String(freeAddresses)),
    element('availabilityZone', `${region}${subnet.slice(-1)}`),
  );
}
