import type {Job} from '../emulators/github/job';
import type {Fault} from './scenario';
import type {SimulatedServices} from './simulated-services';
import type {SimulatedWorld} from './simulated-world';
import type {WorldHistory} from './world-history';

const LIMIT = 10_000;
const TAKES_VMS: ReadonlySet<Fault['on']> = new Set(['preemption', 'host_error', 'vm_down', 'listener']);

/** What has to hold once the faults have ceased and time has passed: every job is over, and nothing is left. */
export async function checkLiveness(
  world: SimulatedWorld,
  services: SimulatedServices,
  history: WorldHistory,
  excusedByPeople: number,
): Promise<void> {
  const misread = services.isSwept ? new Set<number>() : await misreadJobs(world);
  for (const job of world.workload.jobs) if (!misread.has(job.id)) checkJob(world, history, job);
  const left = [
    ...world.machines().map(({name, status}) => `VM ${name} ${status}`),
    ...leftRegistrations(world, services).map((name) => `registration ${name}`),
    ...(services.hasTasks() ? ['tasks in the queue'] : []),
    ...((await world.vm?.left(world.store)) ?? []),
    ...(await leftDocuments(world, misread)),
    ...(services.isSwept ? await world.standby.left(world.scenario) : []),
  ];
  for (const one of left) world.violated('left_over', one);
  await checkCreations(world, excusedByPeople);
}

/**
 * Jobs whose `waiting` came after the `queued` that followed it. Nothing in an event tells which was first: only a sweep, which asks
 * GitHub, finds them.
 */
async function misreadJobs({store, workload}: SimulatedWorld): Promise<ReadonlySet<number>> {
  const parked = await store.find('jobs', {where: {status: 'waiting'}, limit: LIMIT});
  const ids = new Set(parked.map(({data}) => data.jobId));
  return new Set(workload.jobs.filter(({id, status}) => status === 'queued' && ids.has(id)).map(({id}) => id));
}

/** Where lists leave out what is new, a registration whose answer was lost is not found at once: without a sweep it stays. */
function leftRegistrations(world: SimulatedWorld, {isSwept}: SimulatedServices): string[] {
  const {scenario} = world;
  if (!isSwept && scenario.setting.listingMs > 0 && scenario.faults.length > 0) return [];
  return world.registrations().map(({name}) => name);
}

function checkJob(world: SimulatedWorld, history: WorldHistory, job: Readonly<Job>): void {
  const {id, status, ending, runner} = job;
  if (status !== 'completed') world.violated('job_not_run', `job ${id} is still ${status}`);
  if (ending === 'expired')
    world.violated('job_not_run', `job ${id} was cancelled by GitHub after 24 hours in the queue`);
  const vmsWereTaken = [...world.faultPlan.struck].some(({on}) => TAKES_VMS.has(on));
  // A Docker host breaks by its own bad luck, which is no fault of the scenario.
  const wasTaken = vmsWereTaken || (runner !== null && history.taken.has(runner.name));
  if (ending === 'lost' && !wasTaken) world.violated('job_not_run', `job ${id} lost its runner`);
}

async function leftDocuments({store, scheduler}: SimulatedWorld, misread: ReadonlySet<number>): Promise<string[]> {
  const now = scheduler.now();
  const slots = await store.find('slots', {where: {}, limit: LIMIT});
  const keys = await store.find('keys', {where: {state: 'claimed'}, limit: LIMIT});
  const jobs = await store.find('jobs', {where: {}, limit: LIMIT});
  const runners = await store.find('runners', {where: {}, limit: LIMIT});
  return [
    ...slots.filter(({data}) => data.holder !== null).map(({id, data}) => `slot ${id} of ${data.holder}`),
    ...keys.filter(({data}) => data.leaseUntil > now).map(({data}) => `lease ${data.key}`),
    ...runners.filter(({data}) => (data.lease?.leaseUntil ?? 0) > now).map(({id}) => `lease of runner ${id}`),
    ...jobs
      .filter(({data}) => data.status !== 'completed' && !misread.has(data.jobId))
      .map(({id, data}) => `job ${id} ${data.status} ${data.demand}`),
    ...runners
      .filter(({data}) => data.state !== 'gone' && data.state !== 'failed')
      .map(({id, data}) => `runner ${id} ${data.state}`),
  ];
}

/**
 * One VM each time a job is queued, and one in ten more. Beside them may be one for each VM that came to nothing by the world's fault (its
 * operation failed late, its startup script died, it was taken away), and one for each job that took a runner with more labels than it
 * asks for: the runner that was made for it cannot stand in for that one.
 */
async function checkCreations(world: SimulatedWorld, excusedByPeople: number): Promise<void> {
  const events = world.made.counts();
  const lost = ['failed', 'preempted', 'host_error', 'expired'].reduce((sum, kind) => sum + (events[kind] ?? 0), 0);
  const excused = excusedByPeople + lost + world.boots.failed.length + (await oversized(world));
  const allowed = Math.ceil(world.workload.queued * 1.1) + excused;
  const made = world.made.created() - world.standby.prepared + world.standby.begun;
  if (made > allowed) {
    const why = `${world.workload.queued} times a job was queued, ${excused} VMs are excused`;
    world.violated('too_many_creations', `${made} VMs were created, ${allowed} allowed: ${why}`);
  }
}

/** Jobs that ran on a runner with more labels than they ask for. One that is forgotten by now, after days, is taken for such. */
async function oversized({store, workload}: SimulatedWorld): Promise<number> {
  const runners = await store.find('runners', {where: {}, limit: LIMIT});
  const labels = new Map(runners.map(({data}) => [data.name, data.labels.length]));
  return workload.jobs.filter(
    (job) => job.runner && (labels.get(job.runner.name) ?? Number.POSITIVE_INFINITY) > job.labels.length,
  ).length;
}
