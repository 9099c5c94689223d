import {withDeadline} from '../../clock';
import {SlipwayError, Unavailable} from '../../errors';
import {Secret} from '../../secret';
import {type Finding, QUESTION_MS} from '../provider';
import type {Ec2, RunRequest} from './client/ec2';
import {Ec2Failure, RoleRefused, withEc2Errors} from './client/errors';
import {type Ec2Pool, trialRequests} from './create';

export interface CheckOptions {
  readonly ec2: Ec2;
  readonly pool: Ec2Pool;
  readonly deployment: string;
}

/**
 * Whether an instance of the pool could be created now: the launch template and the subnets are there, and a trial of `RunInstances` finds
 * nothing against it. Reads afresh, and makes nothing.
 */
export async function checkPool({ec2, pool, deployment}: CheckOptions): Promise<readonly Finding[]> {
  return Promise.all([
    finding(checkTemplate(ec2, pool), 'Correct launchTemplate or version of the pool, or let the role read it.'),
    finding(checkSubnets(ec2, pool), 'Correct subnets of the pool, or let the role read them.'),
    finding(checkPermission(ec2, pool, deployment), 'Correct what the message names.'),
  ]);
}

/** Whatever was to be asked: without the role nothing is known of it. */
const REMEDY_OF_ROLE =
  'Correct roleArn of the pool (or AWS_ROLE_ARN), or the trust policy of the role: docs/aws.md has the conditions.';

/** An answer that did not come finds nothing; a refusal is an error, also where a creation is tried again after it. */
async function finding(question: Promise<Finding>, remedy: string): Promise<Finding> {
  const silent = () => new Unavailable(`AWS did not answer within ${QUESTION_MS / 1000} s`, 10);
  let isRole = false;
  const asked = question.catch((error: unknown) => {
    isRole = error instanceof RoleRefused;
    throw error;
  });
  try {
    return await withDeadline(QUESTION_MS, withEc2Errors(asked), silent);
  } catch (error) {
    if (!(error instanceof SlipwayError)) throw error;
    if (error.retryable && !isRole)
      return {status: 'skipped', because: error.message, do: 'Try again in a minute.', isSilent: true};
    return {status: 'error', because: error.message, do: isRole ? REMEDY_OF_ROLE : remedy};
  }
}

async function checkTemplate(ec2: Ec2, {provider}: Ec2Pool): Promise<Finding> {
  const {name, version, shutdownBehavior} = await ec2.launchTemplate(provider.template, provider.version);
  if (shutdownBehavior === 'terminate')
    return {
      status: 'ok',
      because: `launch template ${name} (version ${version}) is there, and its instances terminate when they shut down`,
      do: 'Nothing to do.',
    };
  const because = `launch template ${name} (version ${version}) lets an instance that shuts down stay as a stopped one; Slipway overrides that for its own`;
  return {
    status: 'warning',
    because,
    do: 'Set the shutdown behaviour of the launch template to terminate, for what is launched from it by hand.',
  };
}

async function checkSubnets(ec2: Ec2, {provider}: Ec2Pool): Promise<Finding> {
  const found = await ec2.subnets(provider.subnets);
  const full = found.filter(({freeAddresses}) => freeAddresses === 0);
  if (full.length > 0) {
    const because = `no address is free in ${full.map(({id}) => id).join(', ')}`;
    const isAll = full.length === found.length;
    return {status: isAll ? 'error' : 'warning', because, do: 'Add a subnet with free addresses to the pool.'};
  }
  const because = `the subnets are there: ${found.map(({id, zone}) => `${id} in ${zone}`).join(', ')}`;
  return {status: 'ok', because, do: 'Nothing to do.'};
}

/** @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html, `DryRun` */
async function checkPermission(ec2: Ec2, pool: Ec2Pool, deployment: string): Promise<Finding> {
  const requests = trialRequests(pool, deployment, new Secret(Buffer.from('#!/bin/bash\n').toString('base64')));
  const refusals = await Promise.all(requests.map((request) => refusalOf(ec2, request)));
  const {roleArn} = pool.provider;
  const [refused] = requests.flatMap((request, index) => {
    const message = refusals[index];
    return message === undefined ? [] : [{what: described(request), message}];
  });
  if (refused) {
    return {
      status: 'error',
      because: `the role ${roleArn} may not run instances (${refused.what}): ${refused.message}`,
      do: 'Give the role ec2:RunInstances and ec2:CreateTags as terraform/aws does, for every subnet and instance type of the pool; it also needs ec2:TerminateInstances and ec2:DescribeInstances.',
    };
  }
  const because = `the role ${roleArn} may run ${requests.map(described).join(', ')}`;
  return {status: 'ok', because, do: 'Nothing to do.'};
}

/** Why the role may not run this instance; undefined: it may. */
async function refusalOf(ec2: Ec2, request: RunRequest): Promise<string | undefined> {
  try {
    await ec2.tryRunInstance(request);
    return undefined;
  } catch (error) {
    if (error instanceof Ec2Failure && error.code === 'UnauthorizedOperation') return error.message;
    throw error;
  }
}

function described({instanceType, subnet, spot}: RunRequest): string {
  return `${instanceType} in ${subnet}${spot ? ' as spot' : ''}`;
}
