import {parseConfig} from '../../shared/config/config';
import {COMPLETE, problemsOf} from './environments';

const ec2 = {
  type: 'ec2',
  region: 'eu-central-1',
  launchTemplate: 'runner',
  subnets: ['subnet-1'],
  instanceTypes: ['m7i.large'],
  roleArn: 'arn:aws:iam::111122223333:role/slipway',
};
const gce = {type: 'gce', template: 't'};
const docker = {type: 'docker', hosts: ['builder'], image: 'runner:1'};
const hosts = [{name: 'builder', capacity: 3}];

function configOf(options: unknown, provider: object) {
  const pool = {name: 'arm', repo: 'acme/app', requires: ['linux'], options, provider};
  return {...COMPLETE, RUNNER_CONFIG: JSON.stringify({hosts, pools: [pool]})};
}

test.each([
  [{machine: ['c4a-*'], disk: 500, spot: true}, gce],
  [{machine: ['m7i.*'], disk: 100, spot: false}, ec2],
  [{cpus: 4, memory: '8g'}, docker],
  [{cpus: 0.5, memory: 1024}, docker],
])('the options %j are read', (options, provider) => {
  const {memory} = options as {memory?: string | number};
  const expected = memory === undefined ? options : {...options, memory: String(memory)};
  expect(parseConfig(configOf(options, provider), 'provision').pools[0]?.options).toEqual(expected);
});

test('without options a job may choose nothing', () => {
  expect(parseConfig(configOf(undefined, gce), 'provision').pools[0]).not.toHaveProperty('options');
});

test.each([
  ['of another kind of machine', {cpus: 1}, gce, '.options.cpus: 1 → machine, disk, spot, which the jobs of a pool of'],
  [
    'of another kind of machine',
    {disk: 9},
    docker,
    '.options.disk: 9 → cpus, memory, which the jobs of a pool of type',
  ],
  [
    'of one that has none',
    {spot: true},
    {type: 'gce-vm', instance: 'vm', zone: 'us-central1-a'},
    '.options.spot: true → no options in a pool of type gce-vm',
  ],
  ['unknown', {gpu: 1}, gce, '.options.gpu: an unknown key'],
  ['machine', {machine: 'c4a-*'}, gce, '.options.machine: "c4a-*" → a list of machine types'],
  ['machine', {machine: []}, gce, '.options.machine: an empty list → at least one machine type'],
  ['machine', {machine: ['C4A']}, gce, '.options.machine[0]: "C4A" → a machine type such as c4a-standard-8'],
  ['disk', {disk: 0}, gce, '.options.disk: 0 → whole GB, 1 to 65536'],
  ['disk', {disk: 1.5}, gce, '.options.disk: 1.5 → whole GB'],
  ['spot', {spot: 'prefer'}, gce, '.options.spot: "prefer" → true or false'],
  ['cpus', {cpus: 0}, docker, '.options.cpus: 0 → a number of processors, above 0'],
  ['memory', {memory: 'much'}, docker, '.options.memory: "much" → memory such as 8g or 512m, or bytes'],
])('an option that is wrong is named: %s', (_, options, provider, expected) => {
  const [problem = '', ...more] = problemsOf(() => parseConfig(configOf(options, provider), 'provision'));
  expect(problem.replace('RUNNER_CONFIG.pools[0]', '')).toContain(expected);
  expect(more).toEqual([]);
});

test('a machine type that a label contradicts is named', () => {
  const pool = {name: 'arm', repo: 'acme/app', requires: ['x64'], options: {machine: ['c4a-*']}, provider: gce};
  const text = JSON.stringify({pools: [pool]});
  expect(problemsOf(() => parseConfig({...COMPLETE, RUNNER_CONFIG: text}, 'provision'))).toEqual([
    expect.stringContaining('a label that fits the machine type "c4a-*", or machine types of x64'),
  ]);
});
