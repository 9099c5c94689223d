import {ALL, type CallFault, type Fault, type Scenario, type SimulatedProvider} from './scenario';

/** Calls of Compute Engine, and the calls of another provider that come at the same moments. */
const BY_NAME: Readonly<Record<string, string>> = {
  insertInstance: 'create',
  getInstance: 'find',
  deleteInstance: 'delete',
  listInstances: 'list',
  waitForOperation: 'find',
};

const CALLS: Readonly<
  Record<Exclude<SimulatedProvider, 'gce' | typeof ALL | 'gce+ec2'>, Readonly<Record<string, string>>>
> = {
  memory: BY_NAME,
  'cloud-run': {
    insertInstance: 'runJob',
    getInstance: 'listExecutions',
    deleteInstance: 'cancelExecution',
    listInstances: 'listExecutions',
    waitForOperation: 'getExecution',
  },
  // No call reaches a host: what goes wrong between it and us is drawn by docker-hosts.ts.
  docker: {},
  'memory-ids': {...BY_NAME, getInstance: 'list', waitForOperation: 'get'},
  codemagic: {
    insertInstance: 'startBuild',
    getInstance: 'listBuilds',
    deleteInstance: 'cancelBuild',
    listInstances: 'listBuilds',
    waitForOperation: 'getBuild',
  },
  ec2: {
    insertInstance: 'runInstance',
    getInstance: 'describeInstances',
    deleteInstance: 'terminateInstance',
    listInstances: 'describeInstances',
    waitForOperation: 'describeInstances',
  },
};

/** CodeMagic ends a build after two hours: longer jobs are none of its. */
const LONGEST_JOB_MS: Partial<Readonly<Record<SimulatedProvider, number>>> = {
  codemagic: 90 * 60_000,
  all: 90 * 60_000,
};

/** A host has the containers that it was told to start: what others make there is none of its agent's, and it reports it to nobody. */
const NOT_ON_HOSTS = {foreignResources: false, leftovers: false} as const;

/** The same jobs and the same bad luck with another provider. A fault that it has no call for stays where it was: the persistent VM's. */
export function withProvider(scenario: Scenario, provider: SimulatedProvider): Scenario {
  if (provider === 'gce') return scenario;
  const {placements: _, standby: _standby, ...setting} = scenario.setting;
  const longestMs = LONGEST_JOB_MS[provider] ?? Number.POSITIVE_INFINITY;
  return {
    ...scenario,
    jobs: scenario.jobs.map((job) => ({...job, durationMs: Math.min(job.durationMs, longestMs)})),
    setting: {...setting, provider, ...(provider === 'docker' ? NOT_ON_HOSTS : {})},
    faults: provider === 'gce+ec2' ? ofBoth(scenario) : faultsWith(scenario, provider),
  };
}

/** How long Compute Engine has no quota left in two of three worlds with two providers. */
const WITHOUT_QUOTA_MS = 40 * 60_000;

/** Every other call that fails is EC2's; and Compute Engine has quota for a machine or none, so that jobs fall back. */
function ofBoth({seed, faults, jobs}: Scenario): Fault[] {
  const own = faults.map((fault) =>
    fault.on === 'call' && fault.nth % 2 === 0 ? translated(fault, CALLS.ec2) : fault,
  );
  if (seed % 3 === 2) return own;
  const cpus = seed % 2 === 0 ? 0 : 4;
  const refused = seed % 4 < 2 ? 'request' : 'operation';
  return [...own, {on: 'quota', cpus, refused, fromMs: jobs[0]?.atMs ?? 0, forMs: WITHOUT_QUOTA_MS}];
}

function faultsWith({faults}: Scenario, provider: Exclude<SimulatedProvider, 'gce' | 'gce+ec2'>): Fault[] {
  return faults.map((fault, index) => (provider === ALL ? anywhere(fault, index) : translated(fault, CALLS[provider])));
}

/** Every other call of Compute Engine is one of whichever other provider comes upon it. */
function anywhere(fault: Fault, index: number): Fault {
  if (fault.on !== 'call' || fault.port !== 'compute' || index % 2 === 0) return fault;
  const {method: _, ...rest} = fault;
  return {...rest, port: 'machines'};
}

function translated(fault: Fault, calls: Readonly<Record<string, string>>): Fault {
  if (fault.on !== 'call' || fault.port !== 'compute') return fault;
  const method = fault.method === undefined ? undefined : calls[fault.method];
  const moved: CallFault = {...fault, port: 'machines', ...(method ? {method} : {})};
  return fault.method === undefined || method ? moved : fault;
}
