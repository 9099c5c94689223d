import {parseConfig} from '../../shared/config/config';
import {COMPLETE, problemsOf} from './environments';

const pool = (change: Record<string, unknown>) => ({
  ...{repo: 'acme/app', requires: ['linux'], provider: {type: 'gce', template: 't'}, maxRunners: 4},
  ...change,
});
const parse = (...pools: object[]) => parseConfig({...COMPLETE, RUNNER_CONFIG: JSON.stringify({pools})}, 'provision');
const gce = (change: Record<string, unknown>) => ({type: 'gce', template: 't', ...change});

test.each([
  ['nothing', {}, undefined],
  ['a number of stopped machines', {standby: {stopped: 2}}, {hold: 'stopped', count: 2}],
  ['a number of suspended machines', {standby: {suspended: 2}}, {hold: 'suspended', count: 2}],
  ['none', {standby: {suspended: 0}}, {hold: 'suspended', count: 0}],
  [
    'a schedule, in UTC unless it says otherwise',
    {standby: {stopped: [{cron: '* 8-17 * * mon-fri', count: 3}]}},
    {hold: 'stopped', count: [{cron: '* 8-17 * * mon-fri', timezone: 'UTC', count: 3}]},
  ],
  [
    'suspended standard machines of a pool that prefers spot',
    {standby: {suspended: 1}, provider: gce({spot: 'prefer'})},
    {hold: 'suspended', count: 1},
  ],
  ['stopped spot machines', {standby: {stopped: 1}, provider: gce({spot: 'only'})}, {hold: 'stopped', count: 1}],
  [
    'stopped machines of any type',
    {standby: {stopped: 1}, provider: gce({machineTypes: ['c4a-standard-4', 'g2-standard-4']})},
    {hold: 'stopped', count: 1},
  ],
  [
    'suspended machines of 208 GB',
    {standby: {suspended: 1}, provider: gce({machineTypes: ['n2-custom-32-212992', 'n2-highmem-16']})},
    {hold: 'suspended', count: 1},
  ],
])('a pool may have %s', (_, change, standby) => {
  expect(parse(pool(change)).pools[0]?.standby).toEqual(standby);
});

const EXPECTED =
  'either {stopped: n} or {suspended: n}, where n is a whole number or a list of {cron, timezone, count}';
const NOT_SUSPENDED = 'stopped in place of suspended: Compute Engine cannot suspend such a machine, or not well';
const suspended = (machineType: string) => ({standby: {suspended: 1}, provider: gce({machineTypes: [machineType]})});

test.each<[string, Record<string, unknown>, string]>([
  ['both', {standby: {stopped: 1, suspended: 1}}, `.standby: an object → ${EXPECTED}`],
  ['neither', {standby: {}}, `.standby: an object → ${EXPECTED}`],
  ['a number', {standby: 2}, `.standby: 2 → ${EXPECTED}`],
  [
    'less than none',
    {standby: {stopped: -1}},
    '.standby.stopped: -1 → a whole number of machines, 0 or more, or a list of {cron, timezone, count}',
  ],
  ['more than maxRunners', {standby: {stopped: 5}}, '.standby.stopped: 5 → no more than maxRunners, which is 4'],
  [
    'no one place',
    {repo: undefined, repos: ['acme/*'], standby: {stopped: 1}},
    '.standby: 1 in a pool without one place for its runners → org, repo, or exactly one repository in repos without *: standby machines serve one place',
  ],
  [
    'no label in so many words',
    {requires: ['run-*'], standby: {stopped: 1}},
    '.standby: 1 in a pool that names no label without * → a label without * in requires, or offers without *',
  ],
  [
    'another provider',
    {standby: {stopped: 1}, provider: {type: 'gce-vm', instance: 'box', zone: 'us-central1-a'}},
    '.standby: standby in a pool of type "gce-vm" → no standby: only pools of type gce have standby machines',
  ],
  [
    'suspended spot machines',
    {standby: {suspended: 1}, provider: gce({spot: 'only'})},
    '.standby: suspended with spot: only → stopped in place of suspended, or spot: never or prefer: Compute Engine suspends no spot VM',
  ],
  [
    'suspended arm64 machines',
    suspended('c4a-standard-4'),
    `.standby: suspended with "c4a-standard-4", an arm64 machine: its clock is wrong after a resume → ${NOT_SUSPENDED}`,
  ],
  [
    'suspended machines of an arm64 pool',
    {standby: {suspended: 1}, requires: ['self-hosted', 'ARM64']},
    `.standby: suspended machines in a pool for arm64 → ${NOT_SUSPENDED}`,
  ],
  [
    'suspended GPUs',
    suspended('g2-standard-4'),
    `.standby: suspended with "g2-standard-4", a machine with a GPU → ${NOT_SUSPENDED}`,
  ],
  [
    'suspended local SSDs',
    suspended('c3-standard-8-lssd'),
    `.standby: suspended with "c3-standard-8-lssd", a machine with local SSDs → ${NOT_SUSPENDED}`,
  ],
  [
    'suspended large machines',
    suspended('n2-highmem-32'),
    `.standby: suspended with "n2-highmem-32", a machine with more than 208 GB → ${NOT_SUSPENDED}`,
  ],
  [
    'suspended machines of large families',
    suspended('m3-megamem-64'),
    `.standby: suspended with "m3-megamem-64", a machine with more than 208 GB → ${NOT_SUSPENDED}`,
  ],
])('a pool may not have %s', (_, change, problem) => {
  expect(problemsOf(() => parse(pool(change)))).toEqual([`RUNNER_CONFIG.pools[0]${problem}`]);
});
