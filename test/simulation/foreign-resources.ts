import type {GitHubWorld} from '../emulators/github/model';
import type {Registration} from '../emulators/github/registration';
import type {EmulatedMachine, GivenMachine, MachineEventKind, MachineWorld} from '../emulators/machines';
import type {Violation} from './safety';

/** Where no pool has its machines, so that they take nothing of our capacity; a list of machines is one of all places. */
const MACHINES: readonly GivenMachine[] = [
  {name: 'database', isRunning: true},
  {name: 'other-arm-9001-1', pool: 'arm', deployment: 'other', isRunning: true},
  // Our own deployment's name is how this one's begins.
  {name: 'slipway-eu-arm-9007-1', pool: 'arm', deployment: 'slipway-eu', isRunning: true},
  {name: 'other-arm-9002-1', pool: 'arm', deployment: 'other'},
  // Ours once, until somebody wanted to look into them.
  {name: 'slipway-arm-9003-1', pool: 'arm', deployment: 'slipway', kept: '', isRunning: true},
  {name: 'slipway-arm-9004-1', pool: 'arm', deployment: 'slipway', kept: 'yes'},
];
/** Offline. The last two are names that we could have given: of a deployment of our name, or of one whose name begins with ours. */
const REGISTRATIONS = [
  'other-arm-9001-1',
  'other-arm-9005-1',
  'slipwayx-arm-9006-1',
  'slipway-by-hand',
  'slipway-arm-9008-1',
  'slipway-eu-arm-9007-1',
];

const TOUCHED: ReadonlySet<MachineEventKind> = new Set(['deleting', 'deleted', 'stopping', 'suspending', 'reset']);

/** GitHub itself removes a runner after two weeks offline. */
const KEPT_MS = 13 * 24 * 3600_000;

/** VMs and registrations in the same project and organization that are not ours: nobody but their owners may touch them. */
export class ForeignResources {
  readonly machines: ReadonlySet<EmulatedMachine>;
  readonly registrations: ReadonlySet<Registration>;

  constructor(
    github: GitHubWorld,
    machines: MachineWorld,
    areThere: boolean,
    violated: (rule: Violation['rule'], detail: string) => void,
  ) {
    this.machines = new Set(areThere ? MACHINES.map((machine) => machines.add({...machine, isElsewhere: true})) : []);
    const scope = {kind: 'organization', org: 'acme'} as const;
    const request = {labels: ['self-hosted', 'by-hand'], runnerGroupId: 1};
    this.registrations = new Set(
      areThere ? REGISTRATIONS.map((name) => github.runners.registerPersistent(scope, {...request, name})) : [],
    );
    const startMs = github.scheduler.now();
    machines.observe(({kind, machine}) => {
      if (TOUCHED.has(kind) && this.machines.has(machine)) violated('foreign_touched', `VM ${machine.name}: ${kind}`);
    });
    github.observe((event) => {
      if (event.kind === 'job' || event.change !== 'removed' || github.scheduler.now() - startMs > KEPT_MS) return;
      if (this.registrations.has(event.runner)) violated('foreign_touched', `registration ${event.runner.name}`);
    });
  }
}
