import {parseConfig} from '../../shared/config/config';
import {COMPLETE, problemsOf} from './environments';

const HOSTS = [
  {name: 'builder', capacity: 7, vm: {instance: 'builder', zone: 'europe-west1-b'}},
  {name: 'other', capacity: 2, idleMinutes: 30},
];
const PROVIDER = {type: 'docker', hosts: ['builder', 'other'], image: 'ghcr.io/actions/actions-runner:2.338.0'};

const pool = (provider: object, more: object = {}) => ({
  org: 'acme',
  requires: ['docker'],
  provider: {...PROVIDER, ...provider},
  ...more,
});
const envOf = (config: object, env: object = {}) => ({...COMPLETE, RUNNER_CONFIG: JSON.stringify(config), ...env});
const parse = (config: object, env: object = {}) => parseConfig(envOf(config, env), 'provision');
const problems = (config: object, env: object = {}) =>
  problemsOf(() => parse(config, env)).map((problem) => problem.replace('RUNNER_CONFIG.', ''));

test('hosts have ten minutes until their VM is stopped unless they say otherwise', () => {
  const {hosts} = parse({hosts: HOSTS, pools: [pool({})]});
  expect(hosts).toEqual([{...HOSTS[0], idleMinutes: 10}, HOSTS[1]]);
});

test('a pool has the settings of its containers, with those of the environment below its own', () => {
  const own = {env: {A: 'own', NAME: '{runner_name}'}, cpus: 2, memory: 1_073_741_824, pidsLimit: 4096};
  const more = {volumes: ['cache:/cache'], registration: 'token'};
  const env = {runnerenv_A: 'all', runnerenv_B: '{registration_token}', RUNNER_COMMAND: './run.sh "two words"'};
  const [{provider} = {provider: undefined}] = parse({hosts: HOSTS, pools: [pool({...own, ...more})]}, env).pools;
  expect(provider).toEqual({
    ...PROVIDER,
    ...own,
    ...more,
    template: PROVIDER.image,
    mostMachines: 9,
    env: {A: 'own', B: '{registration_token}', NAME: '{runner_name}'},
    memory: '1073741824',
    command: ['./run.sh', 'two words'],
    privileged: false,
  });
});

test('a pool has no more slots than its hosts have room', () => {
  const limits = [undefined, 3, 50, 0].map((maxRunners) => {
    const {pools} = parse({hosts: HOSTS, pools: [pool({}, maxRunners === undefined ? {} : {maxRunners})]});
    return pools[0]?.maxRunners;
  });
  expect(limits).toEqual([9, 3, 9, 0]);
});

test.each<[string, object[], RegExp]>([
  [
    'no capacity',
    [{name: 'builder', capacity: 0}],
    /^hosts\[0\]\.capacity: 0 → a whole number of containers, 1 or more$/,
  ],
  [
    'a name twice',
    [...HOSTS, {name: 'other', capacity: 1}],
    /^hosts\[2\]\.name: "other", the name of hosts\[1\] too → a name of its own/,
  ],
  ['no name', [...HOSTS, {name: 'Not_One', capacity: 1}], /^hosts\[2\]\.name: "Not_One" → a name of RFC 1035/],
  [
    'a VM without zone',
    [{...HOSTS[0], vm: {instance: 'x'}}, HOSTS[1] as object],
    /^hosts\[0\]\.vm\.zone: nothing → a zone such as/,
  ],
  [
    'the VM of a pool',
    [...HOSTS, {name: 'third', capacity: 1, vm: {instance: 'gpu', zone: 'us-central1-a'}}],
    /^hosts\[2\]\.vm: "gpu", the VM of pools\[1\] of type gce-vm → a VM of its own/,
  ],
  [
    'one VM of two',
    [...HOSTS, {...HOSTS[0], name: 'third'}],
    /^hosts\[2\]\.vm: "builder", the VM of hosts\[0\] → a VM of its own/,
  ],
])('a host with %s is an error', (_, hosts, expected) => {
  const vm = {repo: 'acme/app', requires: ['gpu'], provider: {type: 'gce-vm', instance: 'gpu'}};
  expect(problems({hosts, pools: [pool({hosts: ['builder']}), vm]})).toEqual([expect.stringMatching(expected)]);
});

test('the names that a pool may use are each listed once, also where two hosts have one name', () => {
  const hosts = [...HOSTS, {name: 'other', capacity: 1}];
  expect(problems({hosts, pools: [pool({hosts: ['bilder']})]})).toContain(
    'pools[0].provider.hosts[0]: "bilder" → one of builder, other',
  );
});

test.each<[object, RegExp]>([
  [{hosts: ['bilder']}, /^pools\[0\]\.provider\.hosts\[0\]: "bilder" → one of builder, other$/],
  [{hosts: []}, /^pools\[0\]\.provider\.hosts: an empty list → at least one host$/],
  [{image: '--privileged'}, /^pools\[0\]\.provider\.image: "--privileged" → an image/],
  [
    {volumes: ['/var/run/docker.sock:/var/run/docker.sock']},
    /^pools\[0\]\.provider\.volumes\[0\]: .* → a named volume/,
  ],
  [{volumes: ['./cache:/cache']}, /^pools\[0\]\.provider\.volumes\[0\]: .* → a named volume/],
  [{volumes: ['cache']}, /^pools\[0\]\.provider\.volumes\[0\]: .* → a named volume/],
  [
    {command: ['run', '{nonsense}']},
    /^pools\[0\]\.provider\.command\[1\]: the placeholder \{nonsense\} → one of \{scope_name\}/,
  ],
  [{env: {A: '{labels} {nonsense}'}}, /^pools\[0\]\.provider\.env\.A: the placeholder \{nonsense\} → one of /],
  [{env: {A: '{registration_token}'}}, /^pools\[0\]\.provider\.env\.A: the placeholder \{registration_token\} → no /],
  [{env: {'A-B': 'x'}}, /^pools\[0\]\.provider\.env\.A-B: .* → as its key the name of a variable$/],
  [{env: {PORT: 8080}}, /^pools\[0\]\.provider\.env\.PORT: 8080 → text, in quotes where it looks like a number$/],
  [{memory: 'much'}, /^pools\[0\]\.provider\.memory: "much" → memory such as 8g/],
  [{cpus: 0}, /^pools\[0\]\.provider\.cpus: 0 → a number of processors, above 0$/],
  [{pidsLimit: 1.5}, /^pools\[0\]\.provider\.pidsLimit: 1.5 → a whole number of processes/],
  [{registration: 'pat'}, /^pools\[0\]\.provider\.registration: "pat" → jit or token$/],
])('a pool with %j is an error', (provider, expected) => {
  expect(problems({hosts: HOSTS, pools: [pool(provider)]})).toEqual([expect.stringMatching(expected)]);
});

test('{registration_token} in the environment is an error of a pool that takes it over and registers with a JIT config', () => {
  const env = {runnerenv_RUNNER_TOKEN: '{registration_token}'};
  const own = pool({env: {RUNNER_TOKEN: ''}});
  const config = {hosts: HOSTS, pools: [own, pool({registration: 'token'}), pool({})]};
  expect(problems(config, env)).toEqual([
    expect.stringMatching(
      /^pools\[2\]\.provider\.registration: jit → registration: token, or no .* in runnerenv_RUNNER_TOKEN/,
    ),
  ]);
});
