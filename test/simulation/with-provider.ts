import {isOutageAlone} from './outages';
import {randomOf} from './random-of';
import {
  ALL,
  type CallFault,
  type Fault,
  type JobKind,
  type Scenario,
  type Setting,
  type SimulatedProvider,
} from './scenario';

const MINUTE = 60_000;

/** How long after a job's beginning, beside its own time, pools may be moved. */
const MOVED_AROUND_MS = 2 * MINUTE;

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
  const {placements: _, standby, ...rest} = scenario.setting;
  const setting = {...rest, ...(provider === 'gce+ec2' ? {standby} : {})};
  const longestMs = LONGEST_JOB_MS[provider] ?? Number.POSITIVE_INFINITY;
  return {
    ...scenario,
    jobs: scenario.jobs.map((job) => ({...job, durationMs: Math.min(job.durationMs, longestMs)})),
    setting: {
      ...{...setting, provider},
      ...(provider === 'docker' ? NOT_ON_HOSTS : {}),
      ...(MOVED_PROVIDERS.has(provider) ? drawMoved(scenario) : {}),
      // One world of two hundred is watched without a pause, which takes many times as long: the tenth is among those of npm test.
      ...(provider === ALL ? {rests: scenario.seed % 200 !== 10, fallbacks: hasFallbacks(scenario)} : {}),
    },
    faults: provider === 'gce+ec2' ? ofBoth(scenario) : faultsWith(scenario, provider),
  };
}

/** Those whose machines are found in what pools name: a region, a team. */
const MOVED_PROVIDERS: ReadonlySet<SimulatedProvider> = new Set(['ec2', 'codemagic', ALL, 'gce+ec2']);

/** In some worlds pools are moved elsewhere while a job runs, and back again later. */
function drawMoved({seed, jobs}: Scenario): Pick<Setting, 'moved'> {
  const random = randomOf(seed, 'moved');
  const job = jobs[random.below(jobs.length)];
  if (!job || random.next() < 0.7) return {};
  const fromMs = job.atMs + Math.floor(random.next() * (job.durationMs + MOVED_AROUND_MS));
  return {moved: {fromMs, forMs: 10 * MINUTE + random.below(3 * 60 * MINUTE)}};
}

/** In two of three worlds with all providers each pool has another one behind it. */
function hasFallbacks({seed}: Scenario): boolean {
  return seed % 3 !== 0;
}

/** Which jobs are the first to ask each provider in a world with all of them. */
const FIRST_ASKED = [
  {of: 'gce', kinds: ['arm']},
  {of: 'ec2', kinds: ['spot']},
  {of: 'cloud-run', kinds: ['shared', 'bare']},
  {of: 'codemagic', kinds: ['large']},
] as const satisfies readonly {of: SimulatedProvider; kinds: readonly JobKind[]}[];

/** Jobs of a pool from one outage of its provider to the next. */
const JOBS_BETWEEN_OUTAGES = 6;

/** One provider has no quota left, or for one machine, again and again when a job asks it: so that jobs fall back. */
function drawLackOfOne(scenario: Scenario): Fault[] {
  const {seed, jobs} = scenario;
  if (!hasFallbacks(scenario) || isOutageAlone(scenario)) return [];
  const random = randomOf(seed, 'lack of one');
  const {of, kinds} = FIRST_ASKED[random.below(FIRST_ASKED.length)] ?? FIRST_ASKED[0];
  const asking = jobs.filter(({kind}) => (kinds as readonly JobKind[]).includes(kind));
  return asking
    .filter((_, index) => index % JOBS_BETWEEN_OUTAGES === 0)
    .map(({atMs}) => ({
      ...{on: 'quota', of, cpus: 4 * random.below(2), fromMs: atMs},
      ...{refused: random.below(2) === 0 ? 'request' : 'operation', forMs: random.below(WITHOUT_QUOTA_MS)},
    }));
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

function faultsWith(scenario: Scenario, provider: Exclude<SimulatedProvider, 'gce' | 'gce+ec2'>): Fault[] {
  const {faults} = scenario;
  if (provider !== ALL) {
    const own = faults.map((fault) => translated(fault, CALLS[provider]));
    return provider === 'ec2' ? [...own, ...drawEc2(scenario)] : own;
  }
  return [...faults.map(anywhere), ...drawLackOfOne(scenario)];
}

/** What chance seldom brings together, in half of the worlds in which anything goes wrong: the answer to a request is lost, and its subnet is full when it is repeated. */
function drawEc2({seed, jobs, faults}: Scenario): Fault[] {
  const random = randomOf(seed, 'ec2');
  if (faults.length === 0 || isOutageAlone({faults}) || random.next() < 0.5) return [];
  const {atMs} = jobs[random.below(jobs.length)] ?? {atMs: 0};
  const nth = 1 + jobs.findIndex((job) => job.atMs === atMs);
  const zone = ['us-central1-a', 'us-central1-b', 'us-central1-f'][random.below(3)] ?? '';
  return [
    {on: 'call', port: 'machines', method: 'runInstance', nth, effect: 'lost'},
    {on: 'stock_out', zone, fromMs: atMs + 3_000, forMs: 5 * 60_000},
  ];
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
