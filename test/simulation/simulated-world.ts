import type {Discovery, GitHubFor} from '../../shared/github/github';
import type {ProviderTypes} from '../../shared/providers/registry';
import {createMemoryStore} from '../../shared/store/memory';
import type {Store} from '../../shared/store/store';
import {ComputeApi} from '../emulators/compute/api';
import {directCompute} from '../emulators/compute/direct';
import {computeMachines, machineOf} from '../emulators/compute/machine-world';
import {ComputeWorld} from '../emulators/compute/model';
import {directGitHub} from '../emulators/github/direct';
import {directDiscovery} from '../emulators/github/direct-discovery';
import type {GitHubWorld} from '../emulators/github/model';
import type {Registration} from '../emulators/github/registration';
import type {EmulatedMachine, MachineWorld} from '../emulators/machines';
import {isInMemory} from '../emulators/memory/provider';
import {runMachines} from '../emulators/run/machine-world';
import {bootRunners, type Killed} from '../emulators/runner-process';
import {SeveralWorlds} from '../emulators/several-worlds';
import {Boots} from './boots';
import {codemagicApi, codemagicProvider, violationsOf} from './codemagic-builds';
import {countRedeliveries} from './count-redeliveries';
import {DockerHosts} from './docker-hosts';
import {EventScheduler} from './event-scheduler';
import {Executions} from './executions';
import {FaultPlan} from './fault-plan';
import {FaultyPorts} from './faulty-ports';
import {ForeignResources} from './foreign-resources';
import {isHeld} from './held-machines';
import {joinMachines} from './joined-machines';
import {Leftovers} from './leftovers';
import {Neighbours} from './neighbours';
import {unfitFor, watchOptions} from './option-promises';
import {planFloods} from './outages';
import {PersistentVm} from './persistent-vm';
import {placeTemplates} from './placements';
import {TEMPLATES} from './pools';
import {randomOf} from './random-of';
import {Safety, type Violation} from './safety';
import {ALL, type Scenario, type SimulatedProvider} from './scenario';
import {ScheduledFaults} from './scheduled-faults';
import {planApps} from './several-apps';
import {simulateGitHub} from './simulated-github';
import {simulateMemory} from './simulated-memory';
import {simulateRun} from './simulated-run';
import {StandbyPromises} from './standby-promises';
import {createTrace, NO_TRACE, type Trace} from './trace';
import {UnusedRunners} from './unused-runners';
import {VmPromises} from './vm-promises';
import {watchRegistrations} from './watch-registrations';
import {Workload} from './workload';

/** Of the boot disks in a world in which jobs choose theirs. */
const DISK_GB = 20;

/** GitHub, Compute Engine and what runs in the VMs, with what is planned for them and what watches over them. */
export class SimulatedWorld {
  readonly scheduler = new EventScheduler();
  readonly startMs = this.scheduler.now();
  readonly violations: Violation[] = [];
  readonly faultPlan: FaultPlan;
  readonly executions: Executions;
  readonly trace: Trace;
  readonly github: GitHubWorld;
  readonly compute: ComputeWorld;
  /** Where the machines are that are made for jobs, and others beside them: Compute Engine, unless the setting has another provider. */
  readonly made: MachineWorld;
  /** Undefined in a world without. */
  readonly docker: DockerHosts | undefined;
  readonly store: Store;
  readonly killed: readonly Killed[];
  readonly safety: Safety;
  readonly workload: Workload;
  readonly standby: StandbyPromises;
  readonly scheduledFaults: ScheduledFaults;
  readonly foreignResources: ForeignResources;
  /** Undefined in a world without. */
  readonly neighbours: Neighbours | undefined;
  /** Undefined in a world without. */
  readonly leftovers: Leftovers | undefined;
  /** Undefined in a world without. */
  readonly vm: PersistentVm | undefined;
  readonly vmPromises: VmPromises | undefined;
  readonly ports: FaultyPorts;
  readonly direct: {
    readonly github?: ReturnType<FaultyPorts['github']>;
    readonly apps?: ReturnType<FaultyPorts['apps']>;
    readonly compute: ReturnType<FaultyPorts['compute']>;
    readonly providers?: ProviderTypes;
    readonly discovery?: ReturnType<FaultyPorts['discovery']>;
  };
  /** Providers without the faults of the scenario, where an onlooker asks more of them than records say. */
  readonly undisturbed: ProviderTypes | undefined;
  /** What the functions asked of a provider's service that nobody should ask. */
  readonly peerViolations: () => readonly string[];
  readonly #killed: Killed[] = [];
  readonly boots: Boots;

  constructor(
    readonly scenario: Scenario,
    isTraced: boolean,
  ) {
    const {scheduler} = this;
    const {seed, setting, faults, jobs} = scenario;
    this.faultPlan = new FaultPlan(faults);
    const skew = randomOf(seed, 'skew');
    this.executions = new Executions(scheduler, () => Math.round((skew.next() * 2 - 1) * setting.skewMs));
    this.trace = isTraced
      ? createTrace(
          () => scheduler.now() - this.startMs,
          () => this.#executionName(),
        )
      : NO_TRACE;

    this.github = simulateGitHub({scenario, scheduler, faultPlan: this.faultPlan, trace: this.trace});
    this.compute = new ComputeWorld({scheduler, random: randomOf(seed, 'compute')});
    this.store = createMemoryStore({clock: scheduler});
    const isMixed = setting.provider === 'gce+ec2';
    placeTemplates(this.compute, setting.placements, isMixed ? DISK_GB : undefined);
    const api = new ComputeApi(this.compute);
    const ofCompute = computeMachines(this.compute);
    const memory = isInMemory(setting.provider) ? simulateMemory(scheduler, setting.provider) : undefined;
    const isAll = setting.provider === ALL;
    const has = (provider: SimulatedProvider) => isAll || setting.provider === provider;
    const run = has('cloud-run') ? simulateRun(scheduler, randomOf(seed, 'run')) : undefined;
    const aws = has('ec2') || isMixed ? loadAws().simulateAws(scheduler, randomOf(seed, 'aws')) : undefined;
    const disk = {device: '/dev/sda1', sizeGb: DISK_GB, type: 'gp3'};
    for (const name of TEMPLATES) aws?.world.templates.push({name, id: `lt-of-${name}`, disk});
    const codemagic = has('codemagic') ? codemagicApi(scheduler, randomOf(seed, 'labels')) : undefined;
    this.peerViolations = () => [...(codemagic ? violationsOf(codemagic) : []), ...(aws?.violations() ?? [])];
    const others = [memory?.undisturbed, run?.undisturbed, aws?.undisturbed, codemagic && codemagicProvider(codemagic)];
    this.undisturbed = others.some(Boolean) ? Object.assign({}, ...others) : undefined;
    this.docker = has('docker')
      ? new DockerHosts({
          scheduler,
          startMs: this.startMs,
          scenario,
          random: randomOf(seed, 'agents'),
          github: this.github,
          isWanted: () => this.workload.wants(setting.fallbacks ? 'self-hosted' : 'run-'),
          violated: (...what) => this.violated(...what),
        })
      : undefined;
    const worldOf = (provider: SimulatedProvider): MachineWorld | undefined => {
      if (provider === 'gce') return ofCompute;
      if (provider === 'ec2') return aws?.world;
      return provider === 'codemagic' ? codemagic?.world : run && runMachines(run.world);
    };
    const made = [this.docker?.world, memory?.world, codemagic?.world, aws?.world, run && runMachines(run.world)];
    const worlds = made.filter((world) => world !== undefined);
    const several = isMixed && aws ? joinMachines(ofCompute, aws.world) : new SeveralWorlds([ofCompute, ...worlds]);
    this.made = isAll || isMixed ? several : (worlds[0] ?? ofCompute);
    const violated = (rule: Violation['rule'], detail: string) => this.violated(rule, detail);
    // Before the VMs boot: nothing of ours runs in these.
    this.foreignResources = new ForeignResources(this.github, this.made, setting.foreignResources === true, violated);
    this.leftovers = setting.leftovers
      ? new Leftovers(this.github, this.made, isAll || isMixed ? 'gce' : (setting.provider ?? 'gce'), jobs)
      : undefined;
    this.vm = setting.vm ? new PersistentVm(this.github, this.compute, violated) : undefined;
    this.boots = new Boots({
      ...{scenario, violated, random: randomOf(seed, 'boot'), faultPlan: this.faultPlan},
      ...{github: this.github, machines: this.made, isVm: (machine) => this.#isVm(machine)},
      isNeighbour: (id) => [...(this.neighbours?.registrations.keys() ?? [])].some((one) => one.id === id),
    });
    const boots = {
      github: this.github,
      bootMs: (machine: EmulatedMachine) => this.boots.ms(machine),
      failsToBoot: (machine: EmulatedMachine) => this.boots.failure(machine),
      staysUp: (machine: EmulatedMachine) => !this.#isVm(machine) && this.faultPlan.staysUp(),
    };
    this.killed = bootRunners({...boots, machines: this.made, killed: this.#killed});
    // The persistent VM is Compute Engine's, whatever else there is.
    if (this.made !== ofCompute && !isAll && !isMixed)
      bootRunners({...boots, machines: ofCompute, killed: this.#killed});
    this.leftovers?.leaveRunner();
    this.neighbours = setting.neighbours
      ? new Neighbours(this.github, scenario, randomOf(seed, 'neighbours'), violated)
      : undefined;
    if (isTraced) this.#watch();
    const {github, compute, killed} = this;
    this.safety = new Safety({setting, startMs: this.startMs, github, machines: this.made, killed, violated});
    watchOptions({github, machines: this.made, compute, aws: aws?.world, violated});
    this.workload = new Workload(github, jobs, setting);
    planFloods(github, this.faultPlan, faults);
    this.vmPromises = this.vm && new VmPromises({vm: this.vm, github, compute, scenario, violated});
    const scheduledFaults = new ScheduledFaults(
      scheduler,
      this.made,
      this.faultPlan,
      (one) => this.#isMade(one),
      this.vm,
      faults,
      worldOf,
    );
    this.scheduledFaults = scheduledFaults;
    const unused = new UnusedRunners({store: this.store, github, now: () => scheduler.now(), violated});
    this.ports = new FaultyPorts({
      executions: this.executions,
      faultPlan: this.faultPlan,
      random: randomOf(seed, 'calls'),
      sleep: (ms) => scheduler.sleep(ms),
      onCallInTransaction: (call) => violated('call_in_transaction', call),
      onWritten: (where, json) => {
        if (this.executions.current()?.target === 'dry run') violated('dry_run', `${where} was written in a dry run`);
        this.safety.written(where, json);
        this.standby.written(where, json);
        unused.written(where, json);
        this.boots.written(where, json);
      },
      trace: (line) => this.trace.add(line),
    });
    const isDown = () => scheduledFaults.isGitHubDown();
    const unfit = (machine: EmulatedMachine, labels: readonly string[]) =>
      unfitFor({compute, aws: aws?.world}, machine, labels);
    const promises = new StandbyPromises(this.made, this.store, violated, unfit, () =>
      scheduledFaults.forbidsReportsForMs(),
    );
    this.standby = promises;
    promises.promise(scenario, scheduler);
    const watched = (port: GitHubFor) => promises.watch(watchRegistrations(port, github, violated));
    const deliveriesAPage = setting.deliveriesAPage ?? 100;
    const counted = (port: Discovery) => countRedeliveries(port, {now: () => scheduler.now(), violated});
    const apps = planApps(github, setting, scheduler, {deliveriesAPage}).map((app) => ({
      ...app,
      forScope: watched(app.forScope),
      discovery: counted(app.discovery),
    }));
    this.direct = {
      ...(apps.length > 1
        ? {apps: this.ports.apps(apps, github, isDown)}
        : {
            github: this.ports.github(watched(directGitHub(github)), github, isDown),
            discovery: this.ports.discovery(counted(directDiscovery(github, {deliveriesAPage})), isDown),
          }),
      compute: this.ports.compute(directCompute(api, 'world'), api),
      providers: Object.assign(
        {},
        memory?.providers(this.ports),
        aws?.providers(this.ports),
        run?.providers(this.ports),
        codemagic && codemagicProvider(codemagic, this.ports),
      ),
    };
  }

  /** VMs that were made for jobs, and standby machines that are not held. */
  machines(): EmulatedMachine[] {
    return this.made.machines().filter((one) => this.#isMade(one) && !isHeld(one));
  }

  /** Those of runners that were made for jobs. */
  registrations(): Registration[] {
    return this.github.runners
      .all()
      .filter((one) => !this.foreignResources.registrations.has(one) && !this.neighbours?.registrations.has(one))
      .filter((one) => one !== this.vm?.runner && one !== this.leftovers?.runner);
  }

  #isVm(machine: EmulatedMachine): boolean {
    return this.vm !== undefined && machine === machineOf(this.vm.instance);
  }

  #isMade(machine: EmulatedMachine): boolean {
    return !this.foreignResources.machines.has(machine) && !this.#isVm(machine) && !this.leftovers?.mayStay(machine);
  }

  violated(rule: Violation['rule'], detail: string): void {
    this.violations.push({rule, detail, atMs: this.scheduler.now() - this.startMs});
    this.trace.add(`BROKEN: ${rule}: ${detail}`);
  }

  #executionName(): string {
    const execution = this.executions.current();
    return execution ? `${execution.target}#${execution.id}` : '';
  }

  #watch(): void {
    this.github.observe((event) => {
      if (event.kind === 'job') {
        const {job} = event;
        const on = job.runner ? ` on ${job.runner.name}` : '';
        this.trace.add(`GitHub: job ${job.id} is ${job.status}${job.ending ? ` (${job.ending})` : ''}${on}`);
      } else this.trace.add(`GitHub: runner ${event.runner.name} is ${event.change}`);
    });
    this.made.observe(({kind, machine}) => this.trace.add(`Machines: ${machine.name} in ${machine.place}: ${kind}`));
  }
}

/** Loaded by worlds that have it: the emulator loads AWS's own SDK. */
function loadAws(): typeof import('./simulated-aws') {
  return require('./simulated-aws');
}
