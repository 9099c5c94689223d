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
export function watchOptions({github, machines, compute, aws, violated}: OptionPromisesOptions): void {
  machines.observe(({kind, machine}) => {
    if (kind !== 'accepted') return;
    const id = Number(machine.job?.split('-')[0]);
    if (!github.queue.has(id)) return;
    const is = whatItIs(machine);
    for (const label of github.queue.job(id).labels) {
      const [, name = '', value = ''] = /^(machine|disk|spot)=(.*)$/.exec(label) ?? [];
      if (name === '' || is[name] === undefined || is[name] === value) continue;
      violated(
        'wrong_machine',
        `${machine.name} was made with ${name}=${is[name]} for job ${id}, which asks for ${label}`,
      );
    }
  });

  function whatItIs({name, isSpot}: EmulatedMachine): Record<string, string | undefined> {
    const instance = compute.instances().find((one) => one.name === name);
    const ofAws = aws?.instances().find((one) => one.name === name);
    return {
      spot: isSpot ? 'only' : 'never',
      machine: instance?.machineType ?? ofAws?.instanceType,
      disk: instance ? diskOf(instance.properties['disks']) : undefined,
    };
  }
}

function diskOf(disks: unknown): string {
  const [boot] = (disks ?? []) as readonly {readonly initializeParams?: {readonly diskSizeGb?: unknown}}[];
  return String(boot?.initializeParams?.diskSizeGb);
}
