import {bootBreaker, quotaBreaker, quotaBreakers} from '../../shared/model/breaker';
import type {Pool} from '../../shared/model/pool';
import {aPool} from '../builders/lifecycle';

const ec2 = {type: 'ec2', quotaScopes: ['111122223333/eu-central-1']};
const gce = (place: object) => ({type: 'gce' as const, template: 't', spot: 'never' as const, ...place});

test.each<[string, Pool['provider'], string[]]>([
  ['the region', gce({region: 'us-east1'}), ['quota.us-east1']],
  [
    'each region of the zones, once',
    gce({region: 'us-east1', zones: ['us-east1-b', 'us-west1-a', 'us-west1-b']}),
    ['quota.us-east1', 'quota.us-west1'],
  ],
  ['no region that is not known', gce({}), []],
  ['what another provider names, apart from regions of the same name', ec2, ['quota.ec2.111122223333_eu-central-1']],
  ['no machines of its own', {type: 'gce-vm', instance: 'box'}, []],
])('a pool is held back by the quotas of %s, and by its own', (_, provider, names) => {
  expect(quotaBreakers(aPool({provider}))).toEqual([...names, 'quota.pool.arm']);
});

test.each<[string, Pool['provider'], string]>([
  ['us-west1', gce({zones: ['us-east1-b', 'us-west1-a']}), 'quota.us-west1'],
  ['111122223333/eu-central-1', ec2, 'quota.ec2.111122223333_eu-central-1'],
  ['a scope that the pool does not name', ec2, 'quota.pool.arm'],
])('a quota of %s opens a breaker that holds its pool back', (scope, provider, name) => {
  const pool = aPool({provider});
  expect(quotaBreaker(pool, scope)).toBe(name);
  expect(quotaBreakers(pool)).toContain(name);
});

test('a template of one name is another one at another provider, in another account or region', () => {
  const named = (provider: object) =>
    bootBreaker(aPool({provider: {template: 'runner-x64', ...provider} as Pool['provider']}));
  const west = {...ec2, quotaScopes: ['111122223333/us-west-2']};
  expect([gce({template: 'runner-x64'}), ec2, west].map(named)).toEqual([
    'boot.runner-x64',
    'boot.ec2.111122223333_eu-central-1.runner-x64',
    'boot.ec2.111122223333_us-west-2.runner-x64',
  ]);
});
