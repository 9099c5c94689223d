import {asksForKnownLabel} from '../../shared/model/labels';
import {matchJob} from '../../shared/model/matching';
import {chooseOptions, type MachineOptions} from '../../shared/model/options';
import {aPool} from '../builders/lifecycle';

const gce = aPool({
  name: 'gce',
  requires: ['linux'],
  offers: ['linux', 'x64'],
  options: {machine: ['c4a-standard-*', 'n2-standard-4'], disk: 500, spot: true},
});
const docker = aPool({name: 'docker', requires: ['linux'], options: {cpus: 4, memory: '8g'}});

test.each<[readonly string[], MachineOptions]>([
  [['linux'], {}],
  [['machine=c4a-standard-8'], {machine: 'c4a-standard-8'}],
  [['Machine=N2-Standard-4', 'DISK=500'], {machine: 'n2-standard-4', disk: 500}],
  [['disk=1', 'spot=never'], {disk: 1, spot: 'never'}],
  [['spot=only', 'spot=ONLY'], {spot: 'only'}],
  [['machines=c4a', 'x=1'], {}],
])('%j choose %j', (labels, options) => {
  expect(chooseOptions(gce, labels)).toEqual({kind: 'allowed', options});
});

test.each<[readonly string[], MachineOptions]>([
  [['cpus=4', 'memory=8g'], {cpus: 4, memory: '8g'}],
  [['cpus=0.5', 'memory=8192M'], {cpus: 0.5, memory: '8192m'}],
  [['memory=1073741824'], {memory: '1073741824'}],
])('%j choose %j of a container', (labels, options) => {
  expect(chooseOptions(docker, labels)).toEqual({kind: 'allowed', options});
});

test.each([
  ['a machine that no pattern fits', gce, ['machine=n2-standard-8'], 'only c4a-standard-*, n2-standard-4'],
  ['no machine', gce, ['machine='], 'only c4a-standard-*'],
  ['a path', aPool({options: {machine: ['*']}}), ['machine=a/../../b'], 'only *'],
  ['no machine, whatever the pattern,', aPool({options: {machine: ['*']}}), ['machine='], 'only *'],
  ['a larger disk', gce, ['disk=501'], 'only whole GB, at most 500'],
  ['no disk', gce, ['disk=0'], 'only whole GB'],
  ['a disk with a unit', gce, ['disk=200gb'], 'only whole GB'],
  ['part of a GB', gce, ['disk=1.5'], 'only whole GB'],
  ['another word for spot', gce, ['spot=true'], 'only never, prefer, only'],
  ['an option that is not listed', gce, ['cpus=1'], 'its options do not list cpus'],
  ['a pool without options', aPool(), ['spot=only'], 'its options do not list spot'],
  ['spot that is not to be chosen', aPool({options: {spot: false}}), ['spot=only'], 'its options do not list spot'],
  ['two values', gce, ['disk=100', 'disk=200'], 'disk=200 beside disk=100'],
  ['more processors', docker, ['cpus=4.5'], 'at most 4'],
  ['no processors', docker, ['cpus=0'], 'at most 4'],
  ['more memory', docker, ['memory=8193m'], 'at most 8g'],
  ['memory in words', docker, ['memory=much'], 'at most 8g'],
  ['memory in which no runner starts', docker, ['memory=6m'], 'at least 256m'],
  ['processors with which no runner starts', docker, ['cpus=0.01'], 'at least 0.1'],
])('%s is not allowed', (_, pool, labels, because) => {
  expect(chooseOptions(pool, labels)).toMatchObject({kind: 'refused', because: expect.stringContaining(because)});
});

describe('a pool', () => {
  const reasonOf = (labels: readonly string[], ...pools: ReturnType<typeof aPool>[]) => {
    const match = matchJob({repository: 'acme/app', isPublic: false, labels}, pools);
    return match.kind === 'matched' ? match.pool.name : `${match.reason}: ${match.detail}`;
  };

  test('compares an option with its options, and not with what it offers', () => {
    expect(reasonOf(['linux', 'machine=c4a-standard-8'], gce)).toBe('gce');
    expect(reasonOf(['linux', 'machine=e2-micro'], gce)).toBe(
      'option_not_allowed: pool gce does not allow machine=e2-micro: only c4a-standard-*, n2-standard-4',
    );
    const open = aPool({name: 'open', requires: ['linux'], offers: null});
    expect(reasonOf(['linux', 'disk=10'], open)).toMatch(/^option_not_allowed: pool open does not allow disk=10/);
    const patterns = aPool({name: 'patterns', requires: ['linux'], offers: ['linux', '*=*']});
    expect(reasonOf(['linux', 'disk=10'], patterns)).toMatch(/^option_not_allowed/);
  });

  test('that names such a label in so many words takes it for an ordinary one', () => {
    const named = aPool({name: 'named', requires: ['linux'], offers: ['linux', 'disk=10']});
    expect(reasonOf(['linux', 'disk=10'], named)).toBe('named');
    expect(chooseOptions(named, ['linux', 'disk=10'])).toEqual({kind: 'allowed', options: {}});
    expect(reasonOf(['linux', 'disk=20'], named)).toMatch(/^option_not_allowed/);
    const required = aPool({name: 'required', requires: ['spot=only']});
    expect(reasonOf(['spot=only'], required)).toBe('required');
  });

  test('that allows the option takes the job from one of higher priority that does not', () => {
    const strict = aPool({name: 'strict', requires: ['linux'], priority: 9});
    expect(reasonOf(['linux', 'spot=never'], strict, gce)).toBe('gce');
    expect(reasonOf(['linux'], strict, gce)).toBe('strict');
  });

  test('that does not serve the repository or lacks a label says that, and nothing of options', () => {
    expect(reasonOf(['windows', 'disk=9999'], gce)).toMatch(/^no_matching_pool/);
    const elsewhere = aPool({scope: {kind: 'repositories', patterns: ['other/app']}});
    expect(reasonOf(['self-hosted', 'linux', 'disk=1'], elsewhere)).toMatch(/^no_matching_pool/);
  });

  test('does not serve a public repository, whatever its options', () => {
    const match = matchJob({repository: 'acme/app', isPublic: true, labels: ['linux', 'disk=9999']}, [gce]);
    expect(match).toMatchObject({kind: 'ignored', reason: 'public_repository'});
  });
});

test('an option says nothing of whom a job is for', () => {
  expect(asksForKnownLabel(['linux', 'x64', 'machine=e2-micro'], [gce])).toBe(true);
  expect(asksForKnownLabel(['windows', 'machine=e2-micro'], [gce])).toBe(false);
  expect(asksForKnownLabel(['ubuntu-latest', 'disk=10'], [gce])).toBe(false);
  expect(asksForKnownLabel(['disk=10'], [aPool({offers: ['disk=10']})])).toBe(true);
});
