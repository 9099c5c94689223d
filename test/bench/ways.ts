import type {StandbyHold} from '../../shared/providers/provider';

/** What the emulated world needs for each step, in milliseconds. Nobody publishes all of them: they are assumptions, and printed as such. */
export const ASSUMED = {
  /** From a job's event at GitHub to its delivery. */
  delivery: [400, 900],
  insertToKernel: 12_000,
  stoppedToKernel: 9_000,
  /** One in so many takes the longer time, so that the p99 of jobs one at a time shows it. */
  resume: {usual: 6_000, long: 20_000, oneIn: 40},
  /** From a machine that was resumed and has its JIT config to its runner's listener. */
  resumedToListener: 1_000,
  kernelToListenerBaked: 6_000,
  kernelToListenerGoogle: 18_000,
  listenerToJob: 2_500,
  cloudRun: 5_000,
  container: 800,
  /** Our own calls. */
  createTask: 30,
  dispatch: 50,
  read: 10,
  commit: 30,
  jitConfig: 400,
  insert: 500,
  template: 150,
  /** A look at a VM, and a change of it: metadata, labels, start, resume. */
  look: 150,
  change: 500,
} as const;

/** Standby machines of a pool that holds some: fewer than the jobs of a burst. */
export const STANDBY_MACHINES = 50;

export const REPOSITORY = 'acme/app';

/** One way from a queued job to a running one. */
export interface Way {
  readonly name: string;
  /** What the only pool has beside its labels and its limit. */
  readonly pool: string;
  readonly machines: 'gce' | 'cloud-run' | 'docker';
  /** From a machine that runs to its runner's listener. */
  readonly bootMs: number;
  /** Warm runners, which the sweep makes. */
  readonly minIdle?: number;
  /** How the standby machines are held, which the sweep makes. */
  readonly standby?: StandbyHold;
  /** Seconds from queued to running, at the median of jobs one at a time. */
  readonly goal?: number;
}

const GCE = '{type: gce, template: runner, zones: [us-central1-a, us-central1-b, us-central1-f]}';

/** Docker hosts, and the containers that each has room for. */
export const HOSTS = Array.from({length: 25}, (_, n) => ({name: `host-${n + 1}`, capacity: 40}));
const HOST_NAMES = HOSTS.map(({name}) => name).join(', ');

export const WAYS: readonly Way[] = [
  {name: "Google's image", pool: GCE, machines: 'gce', bootMs: ASSUMED.kernelToListenerGoogle},
  {name: 'baked image', pool: GCE, machines: 'gce', bootMs: ASSUMED.kernelToListenerBaked},
  {
    ...{name: 'standby stopped', pool: GCE, machines: 'gce', standby: 'stopped'},
    ...{bootMs: ASSUMED.kernelToListenerBaked, goal: 25},
  },
  {
    ...{name: 'standby suspended', pool: GCE, machines: 'gce', standby: 'suspended'},
    ...{bootMs: ASSUMED.kernelToListenerBaked, goal: 12},
  },
  {
    name: 'minIdle, baked image',
    pool: GCE,
    machines: 'gce',
    bootMs: ASSUMED.kernelToListenerBaked,
    minIdle: 5,
    goal: 6,
  },
  {
    name: 'Docker host, warm',
    pool: `{type: docker, hosts: [${HOST_NAMES}], image: runner}`,
    machines: 'docker',
    bootMs: 0,
    goal: 6,
  },
  {name: 'Cloud Run', pool: '{type: cloud-run, job: runner, region: us-central1}', machines: 'cloud-run', bootMs: 0},
];

/** `RUNNER_CONFIG` of a world with this way alone. */
export function configOf({pool, machines, minIdle = 0, standby}: Way): string {
  const hosts = HOSTS.map(({name, capacity}) => `  - {name: ${name}, capacity: ${capacity}}`).join('\n');
  const held = standby === undefined ? '' : `standby: {${standby}: ${STANDBY_MACHINES}}, `;
  return `${machines === 'docker' ? `hosts:\n${hosts}\n` : ''}pools:
  - {name: fast, repo: ${REPOSITORY}, requires: [self-hosted, linux], maxRunners: 2000, minIdle: ${minIdle}, ${held}provider: ${pool}}`;
}
