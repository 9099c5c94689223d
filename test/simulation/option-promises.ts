import type {AwsWorld} from '../emulators/aws/world';
import type {ComputeWorld} from '../emulators/compute/model';
import type {GitHubWorld} from '../emulators/github/model';
import type {EmulatedMachine, MachineWorld} from '../emulators/machines';
import type {Violation} from './safety';

export interface OptionPromisesOptions {
  readonly github: GitHubWorld;
  readonly machines: MachineWorld;
  readonly compute: ComputeWorld;
  readonly aws: AwsWorld | undefined;
  readonly violated: (rule: Violation['rule'], detail: string) => void;
}

/** Each machine that is made for a job is what the job has chosen, wherever it is made. */
export function watchOptions({github, machines, violated, ...worlds}: OptionPromisesOptions): void {
  machines.observe(({kind, machine}) => {
    if (kind !== 'accepted') return;
    const id = Number(machine.job?.split('-')[0]);
    if (!github.queue.has(id)) return;
    const unfit = unfitFor(worlds, machine, github.queue.job(id).labels);
    if (unfit !== undefined) violated('wrong_machine', `${machine.name} was made for job ${id}, and ${unfit}`);
  });
}

/** What the machine is not that the labels choose, in words; undefined: it is all of it. */
export function unfitFor(
  worlds: Pick<OptionPromisesOptions, 'compute' | 'aws'>,
  machine: EmulatedMachine,
  labels: readonly string[],
): string | undefined {
  const is = whatItIs(worlds, machine);
  for (const label of labels) {
    const [, name = '', value = ''] = /^(machine|disk|spot)=(.*)$/.exec(label) ?? [];
    if (name !== '' && is[name] !== undefined && is[name] !== value)
      return `has ${name}=${is[name]} where ${label} is asked for`;
  }
  return undefined;
}

function whatItIs(
  {compute, aws}: Pick<OptionPromisesOptions, 'compute' | 'aws'>,
  {name, isSpot}: EmulatedMachine,
): Record<string, string | undefined> {
  const instance = compute.instances().find((one) => one.name === name);
  const ofAws = aws?.instances().find((one) => one.name === name);
  return {
    spot: isSpot ? 'only' : 'never',
    machine: instance?.machineType ?? ofAws?.instanceType,
    disk: instance ? diskOf(instance.properties['disks']) : undefined,
  };
}

function diskOf(disks: unknown): string {
  const [boot] = (disks ?? []) as readonly {readonly initializeParams?: {readonly diskSizeGb?: unknown}}[];
  return String(boot?.initializeParams?.diskSizeGb);
}
