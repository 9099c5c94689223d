import type {EmulatedBuild} from '../../test/emulators/codemagic/build';
import type {ComputeEvent} from '../../test/emulators/compute/machines';
import type {Job} from '../../test/emulators/github/job';
import type {WorldEvent} from '../../test/emulators/github/model-context';
import type {EmulatedMachine, MachineEventKind} from '../../test/emulators/machines';
import {machineOf} from '../../test/emulators/run/machine-world';
import type {RunEvent} from '../../test/emulators/run/model';

const COLOURS = {queued: 33, waiting: 33, vm: 36, running: 35, completed: 32, gone: 90, trouble: 31} as const;
type Tone = keyof typeof COLOURS;

/** When a job reached each step, in milliseconds of the scheduler. */
interface Progress {
  readonly number: number;
  readonly job: Readonly<Job>;
  readonly queuedAtMs: number;
  vmAtMs?: number;
  runningAtMs?: number;
  completedAtMs?: number;
  goneAtMs?: number;
}

/** The way of one job, in milliseconds since the start. A step that was not reached is missing. */
export interface Way {
  readonly number: number;
  readonly labels: readonly string[];
  readonly queuedAtMs: number;
  readonly vmAtMs?: number;
  readonly runningAtMs?: number;
  readonly completedAtMs?: number;
  readonly goneAtMs?: number;
}

const STEPS = ['vmAtMs', 'runningAtMs', 'completedAtMs', 'goneAtMs'] as const;

/** Follows every job from queued until its VM is gone: prints a line for each step, and a table at the end. */
export class Timeline {
  readonly #ways = new Map<number, Progress>();
  readonly #insertedAtMs = new Map<string, number>();
  readonly #startMs: number;

  constructor(
    private readonly now: () => number,
    private readonly write: (line: string) => void,
    private readonly colours: boolean,
    /** Names of the persistent VMs. */
    private readonly persistent: ReadonlySet<string>,
  ) {
    this.#startMs = now();
  }

  githubEvent(event: WorldEvent): void {
    if (event.kind !== 'job') return;
    const {job, action} = event;
    const way = this.#ways.get(job.id) ?? this.#add(job);
    if (action === 'queued') this.#line(way, 'queued', `wants ${job.labels.join(', ')}`);
    if (action === 'in_progress') {
      way.runningAtMs = this.now();
      // The job may run on a VM that was created for another job.
      const vmAtMs = this.#insertedAtMs.get(job.runner?.name ?? '');
      if (vmAtMs !== undefined) way.vmAtMs ??= Math.max(vmAtMs, way.queuedAtMs);
      this.#line(way, 'running', `on ${job.runner?.name}${this.#createdForAnother(way)}`);
    }
    if (action === 'completed') {
      way.completedAtMs = this.now();
      this.#line(way, 'completed', job.conclusion ?? '');
    }
  }

  /** A remark if the runner was created for another job: GitHub assigns a job to any runner with its labels. */
  #createdForAnother({job}: Progress): string {
    const createdFor = this.#createdFor(job.runner?.name ?? '');
    return createdFor && createdFor.job.id !== job.id
      ? `, which was created for #${createdFor.number}: GitHub chose it`
      : '';
  }

  /** The job that the VM's name contains: the job for which the VM was created. */
  #createdFor(name: string): Progress | undefined {
    return this.#ways.get(Number(/-(\d+)-\d+$/.exec(name)?.[1]));
  }

  computeEvent({kind, instance}: ComputeEvent): void {
    const {name, zone, machineType, scheduling} = instance;
    const spot = scheduling['provisioningModel'] === 'SPOT' ? ', spot' : '';
    if (this.persistent.has(name)) this.#persistentEvent(kind, name);
    else if (kind === 'failed') this.#failed(name, `no capacity in ${zone}, the next place is tried`);
    else this.#machineEvent(kind, name, `in ${zone}, ${machineType}${spot}`);
  }

  buildEvent(kind: MachineEventKind, {name, instanceType = 'the workflow’s machine'}: EmulatedBuild): void {
    if (kind === 'failed') this.#failed(name, 'no machine was free at CodeMagic, another build is started');
    else this.#machineEvent(kind, name, `a build at CodeMagic, ${instanceType}`);
  }

  containerEvent(kind: MachineEventKind, {name, place}: EmulatedMachine): void {
    this.#machineEvent(kind, name, `a container on host ${place}`);
  }

  /** Of Cloud Run: an execution is a machine until it has ended. */
  runEvent({kind, execution}: RunEvent): void {
    const {name} = machineOf(execution);
    this.#machineEvent(kind, name, `an execution of ${execution.job.name} in ${execution.job.region}`);
  }

  /** Of EC2. */
  instanceEvent(kind: MachineEventKind, {name, place, isSpot}: EmulatedMachine, instanceType: string): void {
    if (kind === 'failed') this.#failed(name, `no capacity in ${place}, the next subnet is tried`);
    else this.#machineEvent(kind, name, `in ${place}, ${instanceType}${isSpot ? ', spot' : ''}`);
  }

  #failed(name: string, why: string): void {
    const createdFor = this.#createdFor(name);
    if (createdFor) this.#line(createdFor, 'trouble', why);
  }

  /** `where`: the place and the type of a machine that was created for a job. */
  #machineEvent(kind: MachineEventKind, name: string, where: string): void {
    const createdFor = this.#createdFor(name);
    if (kind === 'accepted') this.#insertedAtMs.set(name, this.now());
    if (kind === 'accepted' && createdFor) {
      createdFor.vmAtMs ??= this.now();
      this.#line(createdFor, 'vm', `${name} ${where}`);
    }
    if (kind !== 'deleted') return;
    const ran = [...this.#ways.values()].find(({job}) => job.runner?.name === name);
    if (ran) ran.goneAtMs = this.now();
    const way = ran ?? createdFor;
    if (way) this.#line(way, 'gone', `${name}${ran ? '' : ', which ran no job'}`);
  }

  #persistentEvent(kind: ComputeEvent['kind'], name: string): void {
    if (kind === 'running') {
      this.#insertedAtMs.set(name, this.now());
      this.#say('', 'vm', `${name} is started`);
    }
    if (kind !== 'terminated') return;
    this.#say('', 'gone', `${name} is stopped: idle`);
    for (const way of this.#ways.values()) {
      if (way.job.runner?.name === name && way.completedAtMs !== undefined) way.goneAtMs ??= this.now();
    }
  }

  /** The numbers of jobs that are not completed, did not succeed, or whose VM is left. */
  unfinished(): string[] {
    return [...this.#ways.values()]
      .filter((way) => way.job.conclusion !== 'success' || way.goneAtMs === undefined)
      .map(({number}) => `#${number}`);
  }

  ways(): Way[] {
    return [...this.#ways.values()].map((way) => {
      const reached = STEPS.flatMap((step) => {
        const at = way[step];
        return at === undefined ? [] : [[step, at - this.#startMs]];
      });
      const {number, job, queuedAtMs} = way;
      return {number, labels: job.labels, queuedAtMs: queuedAtMs - this.#startMs, ...Object.fromEntries(reached)};
    });
  }

  /** A table with a row for each job. Times count from the start, as in the lines. */
  table(): string {
    const rows = [...this.#ways.values()].map((way) => [
      `#${way.number}`,
      way.job.labels.join(','),
      way.job.runner?.name ?? '-',
      this.#sinceStart(way.queuedAtMs),
      this.#sinceStart(way.vmAtMs),
      this.#sinceStart(way.runningAtMs),
      this.#sinceStart(way.completedAtMs),
      this.#sinceStart(way.goneAtMs),
      way.job.conclusion ?? way.job.status,
    ]);
    const head = ['job', 'labels', 'runner', 'queued', 'VM', 'running', 'completed', 'gone', 'conclusion'];
    const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
    return [head, ...rows]
      .map((row) =>
        row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd(),
      )
      .join('\n');
  }

  #add(job: Readonly<Job>): Progress {
    const way: Progress = {number: this.#ways.size + 1, job, queuedAtMs: this.now()};
    this.#ways.set(job.id, way);
    return way;
  }

  #line(way: Progress, tone: Tone, detail: string): void {
    this.#say(`#${way.number}`, tone, detail);
  }

  #say(who: string, tone: Tone, detail: string): void {
    const word = (tone === 'vm' ? 'VM' : tone).padEnd(9);
    const painted = this.colours ? `\x1b[${COLOURS[tone]}m${word}\x1b[0m` : word;
    const at = this.#sinceStart(this.now()).padStart(8);
    this.write(`${at}  ${who.padEnd(4)} ${painted} ${detail}`);
  }

  #sinceStart(atMs: number | undefined): string {
    return atMs === undefined ? '-' : `${((atMs - this.#startMs) / 1000).toFixed(1)} s`;
  }
}

/**
 * Whether the run has ended: every job is completed, every VM that was created is gone, and every persistent VM is stopped. A created VM that
 * has powered itself off is not gone yet.
 */
export function isOver(
  jobs: readonly {readonly status: string}[],
  instances: readonly {readonly name: string; readonly status: string}[],
  persistent: ReadonlySet<string>,
): boolean {
  return (
    jobs.every(({status}) => status === 'completed') &&
    instances.every(({name, status}) => persistent.has(name) && status === 'TERMINATED')
  );
}
