import {generateKeyPairSync} from 'node:crypto';
import {MINUTE, type TestSystem} from '../builders/system';
import type {RunnerGroup} from '../emulators/github/account';
import {PERMISSIONS} from '../emulators/github/app';
import type {SecretManagerServer} from '../emulators/secret-manager/server';
import {QUEUES} from '../emulators/system';

export const MANAGER = 'projects/world/secrets/manager';

/** The deployment of doctor.test.ts. */
export interface DoctorWorld {
  readonly system: TestSystem;
  readonly secrets: SecretManagerServer;
}

/** Something wrong with a deployment that worked, what takes it back, and what the doctor then says. */
export interface Fault {
  readonly name: string;
  readonly make: (world: DoctorWorld) => void | Promise<void>;
  readonly mend: (world: DoctorWorld) => void | Promise<void>;
  readonly found: readonly string[];
  /** The check that names the fault, and what it has to name. */
  readonly says: readonly [check: string, text: RegExp];
}

function theHook(system: TestSystem) {
  const [hook] = system.github.deliveries.hooks();
  if (!hook) throw new Error('no hook');
  return hook;
}

function theInstallation(system: TestSystem) {
  const [installation] = system.github.app.installations();
  if (!installation) throw new Error('no installation');
  return installation;
}

async function setQueue(system: TestSystem, action: 'pause' | 'resume'): Promise<void> {
  const {status} = await fetch(`http://${system.env['CLOUD_TASKS_EMULATOR_HOST']}/v2/${QUEUES.provision}:${action}`, {
    method: 'POST',
  });
  expect(status).toBe(200);
}

let withdrawn: TestSystem['compute']['templates'] = [];
let groups: RunnerGroup[] = [];

function theGroups(system: TestSystem) {
  const account = system.github.accounts.account('acme');
  if (!account) throw new Error('no account');
  return account.groups;
}

export const FAULTS: readonly Fault[] = [
  {
    name: 'a template is missing',
    make({system}) {
      withdrawn = system.compute.templates.splice(0, 1);
    },
    mend: ({system}) => void system.compute.templates.unshift(...withdrawn),
    found: ['pool.arm.provider: error'],
    says: ['pool.arm.provider', /no instance template at global\/instanceTemplates\/runner-arm64.*create it/],
  },
  {
    name: 'a template keeps its boot disks',
    make({system}) {
      withdrawn = system.compute.templates.splice(0, 1);
      const [template] = withdrawn;
      if (!template) throw new Error('no template');
      const disks = [{boot: true, autoDelete: false}];
      system.compute.templates.unshift({...template, properties: {...template.properties, disks}});
    },
    mend: ({system}) => void system.compute.templates.splice(0, 1, ...withdrawn),
    found: ['pool.arm.provider: warning'],
    says: ['pool.arm.provider', /autoDelete/],
  },
  {
    name: 'less than one machine is left of a quota',
    make: ({system}) => system.compute.setQuota('us-central1', 'CPUS', 3),
    mend: ({system}) => system.compute.recover(),
    found: ['pool.arm.quota: error', 'pool.org.quota: error'],
    says: ['pool.arm.quota', /t2a-standard-4: CPUS in us-central1: 3 of 3 left/],
  },
  {
    name: 'spot VMs alone are out of quota',
    make: ({system}) => system.compute.setQuota('us-central1', 'PREEMPTIBLE_CPUS', 2),
    mend: ({system}) => system.compute.recover(),
    found: ['pool.org.quota: warning'],
    says: ['pool.org.quota', /\(spot\): PREEMPTIBLE_CPUS/],
  },
  {
    name: 'a runner group is missing',
    make({system}) {
      groups = theGroups(system).splice(1, 1);
    },
    mend: ({system}) => void theGroups(system).push(...groups),
    found: ['groups: error'],
    says: ['groups', /acme has no runner group "builders".*it has "Default"/],
  },
  {
    name: 'a runner group does not admit a repository that had a job',
    make({system}) {
      groups = theGroups(system).splice(1, 1);
      const [group] = groups;
      if (!group) throw new Error('no group');
      theGroups(system).push({...group, repositories: new Set(['acme/web'])});
    },
    mend: ({system}) => void theGroups(system).splice(1, 1, ...groups),
    found: ['groups: error'],
    says: ['groups', /"builders" of pool org does not admit acme\/app/],
  },
  {
    name: 'the key is that of another App',
    make({system}) {
      system.github.app.replacedKey = generateKeyPairSync('rsa', {modulusLength: 2048}).publicKey;
    },
    mend({system}) {
      system.github.app.replacedKey = undefined;
    },
    found: ['app.key: error'],
    says: ['app.key', /401.*GITHUB_APP_PRIVATE_KEY is a key of the App GITHUB_APP_ID/],
  },
  {
    name: 'the newest delivery failed',
    async make({system}) {
      system.github.deliveries.faults = () => ({neverArrives: true});
      system.github.ping(theHook(system));
      await system.pass(2_000);
    },
    mend({system}) {
      system.github.deliveries.faults = () => ({});
    },
    found: ['app.deliveries: error'],
    says: ['app.deliveries', /the newest delivery failed: ping/],
  },
  {
    name: 'one of the last deliveries failed',
    async make({system}) {
      system.github.ping(theHook(system));
      await system.pass(2_000);
    },
    async mend({system}) {
      // As many as count.
      for (let sent = 0; sent < 20; sent++) system.github.ping(theHook(system));
      await system.pass(2_000);
    },
    found: ['app.deliveries: warning'],
    says: ['app.deliveries', /1 of the last \d+ deliveries failed/],
  },
  {
    name: 'the App lacks a permission',
    make({system}) {
      const {administration: _, ...others} = PERMISSIONS;
      system.github.app.permissions = others;
    },
    mend({system}) {
      system.github.app.permissions = PERMISSIONS;
    },
    found: ['app.permissions: error'],
    says: ['app.permissions', /administration: write/],
  },
  {
    name: 'an account has not accepted a permission',
    make({system}) {
      theInstallation(system).permissions = {...PERMISSIONS, organization_self_hosted_runners: 'read'};
    },
    mend({system}) {
      theInstallation(system).permissions = PERMISSIONS;
    },
    found: ['app.permissions: error'],
    says: ['app.permissions', /acme has not accepted organization_self_hosted_runners: write/],
  },
  {
    name: 'the App does not receive the event',
    make({system}) {
      system.github.app.events = ['push'];
    },
    mend({system}) {
      system.github.app.events = ['workflow_job'];
    },
    found: ['app.events: error'],
    says: ['app.events', /workflow_job.*push/],
  },
  {
    name: 'the installation is suspended',
    make({system}) {
      theInstallation(system).suspended = true;
    },
    mend({system}) {
      theInstallation(system).suspended = false;
    },
    found: ['app.installations: error', 'vm.build-1: error'],
    says: ['app.installations', /suspended on acme/],
  },
  {
    name: 'the webhook points elsewhere',
    make({system}) {
      theHook(system).url = 'https://elsewhere.example/webhook';
    },
    mend({system}) {
      theHook(system).url = system.urls.webhook;
    },
    found: ['app.webhook: error'],
    says: ['app.webhook', /delivers to https:\/\/elsewhere\.example\/webhook, and webhook is at http:/],
  },
  {
    name: 'a queue is paused',
    make: ({system}) => setQueue(system, 'pause'),
    mend: ({system}) => setQueue(system, 'resume'),
    found: ['queue.provision: error'],
    says: ['queue.provision', /paused/],
  },
  {
    name: 'a queue is missing',
    make: ({system}) =>
      void system.tasks.fault({times: 1, match: ({path}) => path.endsWith('/stop'), respond: {status: 'NOT_FOUND'}}),
    mend: () => undefined,
    found: ['queue.stop: error'],
    says: ['queue.stop', /NOT_FOUND.*STOP_QUEUE/],
  },
  {
    name: 'the version of a secret is disabled',
    make: ({secrets}) => secrets.setState(MANAGER, 1, 'DISABLED'),
    mend: ({secrets}) => secrets.setState(MANAGER, 1, 'ENABLED'),
    found: ['secrets: error'],
    says: ['secrets', /RUNNER_MANAGER_SECRET.*no enabled version/],
  },
  {
    name: 'a persistent VM is missing',
    async make({system}) {
      system.compute.delete('us-central1-b', 'build-1');
      await system.pass(MINUTE, () => system.compute.instances().length === 0);
    },
    mend: ({system}) => void system.compute.addInstance({name: 'build-1', zone: 'us-central1-b'}),
    found: ['vm.build-1: error'],
    says: ['vm.build-1', /no VM build-1 in us-central1-b/],
  },
];
