import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parse} from 'yaml';
import {parseConfig} from '../../shared/config/config';
import type {Pool} from '../../shared/model/pool';
import {COMPLETE, EXAMPLE, POOLS} from './environments';

function pools(text: string, env: Record<string, string> = {}): readonly Pool[] {
  return parseConfig({...COMPLETE, RUNNER_CONFIG: text, ...env}, 'provision').pools;
}

/** One pool with these fields. */
function pool(fields: string, env: Record<string, string> = {}, head = ''): Pool | undefined {
  const provider = fields.includes('provider:') ? '' : 'provider: {type: gce, template: t}';
  const list = [fields.includes('requires:') ? '' : 'requires: [linux]', fields, provider].filter(
    (part) => part !== '',
  );
  return pools(`${head}\npools: [{repo: acme/app, ${list.join(', ')}}]`, env)[0];
}

describe('pools', () => {
  test('the example of the documentation is read, every field of it', () => {
    expect(pools(EXAMPLE)).toEqual([
      {
        name: 'arm',
        scope: {kind: 'repositories', patterns: ['acme/*', '!acme/legacy']},
        requires: ['self-hosted', 'linux', 'arm64'],
        offers: ['self-hosted', 'linux', 'arm64', 'large', 'run-*'],
        acceptsUnlabeled: false,
        runnerGroup: 'Default',
        maxRunners: 50,
        minIdle: 0,
        bootMinutes: 5,
        idleMinutes: 10,
        jobMinutes: 120,
        allowPublicRepos: false,
        rerunOnPreemption: false,
        priority: 0,
        provider: {
          type: 'gce',
          template: 'runner-arm64',
          region: 'us-central1',
          zones: ['us-central1-a', 'us-central1-b', 'us-central1-c'],
          machineTypes: ['c4a-standard-4', 'c4a-standard-8'],
          spot: 'prefer',
        },
      },
      {
        name: 'gpu',
        scope: {kind: 'repositories', patterns: ['acme/app']},
        requires: ['self-hosted', 'gpu'],
        offers: null,
        acceptsUnlabeled: false,
        runnerGroup: 'Default',
        maxRunners: 20,
        minIdle: 0,
        bootMinutes: 5,
        idleMinutes: 10,
        jobMinutes: 360,
        allowPublicRepos: false,
        rerunOnPreemption: false,
        priority: 0,
        provider: {type: 'gce-vm', instance: 'github-runner-gpu', zone: 'asia-northeast1-a'},
      },
      {
        name: 'linux-x64-light',
        scope: {kind: 'organization', org: 'acme'},
        requires: [],
        offers: ['self-hosted', 'linux', 'x64', 'light'],
        acceptsUnlabeled: false,
        runnerGroup: 'Default',
        maxRunners: 20,
        minIdle: 0,
        bootMinutes: 5,
        idleMinutes: 10,
        jobMinutes: 360,
        allowPublicRepos: false,
        rerunOnPreemption: false,
        priority: 0,
        provider: {
          type: 'cloud-run',
          job: 'runner-light',
          region: 'us-central1',
          env: {},
          quotaScopes: ['us-central1'],
          template: 'cloud-run.us-central1.runner-light',
        },
      },
    ]);
  });

  test('JSON gives the same as YAML, even if indented with tabs', () => {
    expect(pools(JSON.stringify(parse(EXAMPLE), null, '\t'))).toEqual(pools(EXAMPLE));
  });

  test('RUNNER_CONFIG_FILE names a file with the same content', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pools-'));
    try {
      const path = join(folder, 'pools.yaml');
      writeFileSync(path, `\uFEFF${EXAMPLE}`);
      expect(pools('', {RUNNER_CONFIG_FILE: path})).toEqual(pools(EXAMPLE));
    } finally {
      rmSync(folder, {recursive: true});
    }
  });

  test('the older flat form means persistent VMs', () => {
    const flat = JSON.stringify([
      {repo: 'acme/app', labels: ['self-hosted', 'GPU'], vm_instance_name: 'gpu', vm_instance_zone: 'us-east1-b'},
      {repo: 'acme/web', labels: ['self-hosted'], vm_instance_name: 'web'},
    ]);
    const [first, second] = pools(flat, {GOOGLE_CLOUD_ZONE: 'us-west1-a', VM_INACTIVE_MINUTES: '3'});
    expect(first).toMatchObject({
      name: 'gpu',
      scope: {kind: 'repositories', patterns: ['acme/app']},
      requires: ['self-hosted', 'gpu'],
      offers: null,
      idleMinutes: 3,
      provider: {type: 'gce-vm', instance: 'gpu', zone: 'us-east1-b'},
    });
    expect(second).toMatchObject({
      name: 'self-hosted',
      provider: {type: 'gce-vm', instance: 'web', zone: 'us-west1-a'},
    });
  });

  test.each<[string, string, Partial<Pool>]>([
    ['labels are compared in lower case, once each', 'requires: [Linux, LINUX, x]', {requires: ['linux', 'x']}],
    ['requires may be empty beside offers', 'requires: [], offers: [A, a]', {requires: [], offers: ['a']}],
    ['minutes have fractions', 'bootMinutes: 0.5', {bootMinutes: 0.5}],
    [
      'a schedule is in UTC unless it says otherwise',
      'minIdle: [{cron: "0-9/3,30 8-17 * jan-MAR mon", count: 2}]',
      {
        minIdle: [{cron: '0-9/3,30 8-17 * jan-MAR mon', count: 2, timezone: 'UTC'}],
      },
    ],
    ['spot is never used unasked', '', {provider: {type: 'gce', template: 't', spot: 'never'}}],
    [
      'a zone is tried once',
      'provider: {type: gce, template: t, zones: [us-east1-b, us-east1-b]}',
      {
        provider: {type: 'gce', template: 't', region: 'us-east1', zones: ['us-east1-b'], spot: 'never'},
      },
    ],
    [
      'a template may be a URL',
      'provider: {type: gce, template: projects/p/regions/us-east1/instanceTemplates/t}',
      {
        provider: {
          type: 'gce',
          template: 'projects/p/regions/us-east1/instanceTemplates/t',
          region: 'us-east1',
          spot: 'never',
        },
      },
    ],
    [
      'a template may be a whole URL of Compute Engine',
      'provider: {type: gce, template: "https://www.googleapis.com/compute/v1/projects/p/global/instanceTemplates/t"}',
      {
        provider: {
          type: 'gce',
          template: 'https://www.googleapis.com/compute/v1/projects/p/global/instanceTemplates/t',
          spot: 'never',
        },
      },
    ],
    [
      'a global template goes with zones of several regions',
      'provider: {type: gce, template: global/instanceTemplates/t, zones: [us-east1-b, us-west1-a]}',
      {
        provider: {
          type: 'gce',
          template: 'global/instanceTemplates/t',
          region: 'us-east1',
          zones: ['us-east1-b', 'us-west1-a'],
          spot: 'never',
        },
      },
    ],
    [
      'a template that is named may be a global one',
      'provider: {type: gce, template: t, region: us-east1, zones: [us-east1-b, us-west1-a]}',
      {
        provider: {type: 'gce', template: 't', region: 'us-east1', zones: ['us-east1-b', 'us-west1-a'], spot: 'never'},
      },
    ],
    ['labels may have commas, and stars', 'requires: ["a,B=c", "run-*"]', {requires: ['a,b=c', 'run-*']}],
    ['a pool may be drained, whatever it kept warm', 'maxRunners: 0, minIdle: 2', {maxRunners: 0, minIdle: 2}],
    ['minIdle needs no more than what is offered', 'requires: [], offers: [a], minIdle: 1', {minIdle: 1}],
    [
      'a label that is required fits a pattern that is offered',
      'requires: [large], offers: ["l*"]',
      {requires: ['large'], offers: ['l*']},
    ],
    ['keys of the author are passed over', 'x-owner: team, "x-": 1', {name: 'linux'}],
    ['jobMinutes up to the life of a VM', 'jobMinutes: 172775', {jobMinutes: 172_775}],
    [
      'what no machine type tells passes',
      'requires: [arm64], provider: {type: gce, template: t, machineTypes: [z99-a]}',
      {requires: ['arm64']},
    ],
    [
      'the runner on a VM may have another name',
      'provider: {type: gce-vm, instance: v, runnerName: r_1}',
      {
        provider: {type: 'gce-vm', instance: 'v', runnerName: 'r_1'},
      },
    ],
  ])('%s', (_, fields, expected) => {
    expect(pool(fields)).toMatchObject(expected);
  });

  test('minIdle in defaults does not apply to a persistent VM', () => {
    expect(pool('provider: {type: gce-vm, instance: v}', {}, 'defaults: {minIdle: 1}')?.provider.type).toBe('gce-vm');
  });

  test('a limit over all pools is read from the top level', () => {
    const {maxRunners} = parseConfig({...COMPLETE, RUNNER_CONFIG: `x-a: 1\nmaxRunners: 7\n${POOLS}`}, 'provision');
    expect(maxRunners).toBe(7);
    expect(parseConfig(COMPLETE, 'provision')).not.toHaveProperty('maxRunners');
  });

  test('org makes the organisation the scope', () => {
    const text = 'pools: [{org: acme, requires: [a], provider: {type: gce, template: t}}]';
    expect(pools(text)[0]?.scope).toEqual({kind: 'organization', org: 'acme'});
  });

  test('anchors and merge keys save repetition', () => {
    const text = `pools:
  - &base {repo: acme/app, requires: [a], provider: {type: gce, template: t}}
  - {<<: *base, requires: [b]}`;
    expect(pools(text).map(({name}) => name)).toEqual(['a', 'b']);
  });

  test('defaults take precedence over built-in defaults, and a pool over both', () => {
    const head = `defaults: {runnerGroup: default, maxRunners: 9, minIdle: 1, bootMinutes: 2, idleMinutes: 3, jobMinutes: 4,
      allowPublicRepos: true, priority: 5}`;
    const expected = {runnerGroup: 'default', maxRunners: 9, minIdle: 1, bootMinutes: 2, idleMinutes: 3, jobMinutes: 4};
    expect(pool('', {}, head)).toMatchObject({...expected, allowPublicRepos: true, priority: 5});
    expect(pool('maxRunners: 1, priority: 0', {}, head)).toMatchObject({...expected, maxRunners: 1, priority: 0});
  });

  test('a pool of an organisation may name any runner group, a pool of a repository only Default', () => {
    const text = `defaults: {runnerGroup: ci}
pools:
  - {org: acme, requires: [a], provider: {type: gce, template: t}}
  - {repo: acme/app, runnerGroup: default, requires: [a], provider: {type: gce, template: t}}
  - {repo: acme/app, requires: [b], provider: {type: gce-vm, instance: v}}`;
    expect(pools(text).map(({runnerGroup}) => runnerGroup)).toEqual(['ci', 'default', 'ci']);
  });

  test('a repository may be excluded if others are left', () => {
    const text = `pools: [{repos: [acme/app, "acme/*", "!acme/app"], requires: [a], provider: {type: gce, template: t}}]`;
    expect(pools(text)[0]?.scope).toEqual({kind: 'repositories', patterns: ['acme/app', 'acme/*', '!acme/app']});
  });

  test.each<[string, string, string, number]>([
    ['10 for a gce pool', '', '', 10],
    ['VM_INACTIVE_MINUTES for a gce-vm pool', 'provider: {type: gce-vm, instance: v}', '', 7],
    [
      'that of defaults before VM_INACTIVE_MINUTES',
      'provider: {type: gce-vm, instance: v}',
      'defaults: {idleMinutes: 2}',
      2,
    ],
    ['the pool’s own first', 'idleMinutes: 1, provider: {type: gce-vm, instance: v}', 'defaults: {idleMinutes: 2}', 1],
  ])('idleMinutes is %s', (_, fields, head, expected) => {
    expect(pool(fields, {VM_INACTIVE_MINUTES: '7'}, head)?.idleMinutes).toBe(expected);
  });

  const ZONE = {GOOGLE_CLOUD_ZONE: 'us-west1-a'};
  const REGION = {GOOGLE_CLOUD_REGION: 'us-east4'};
  test.each<[string, Record<string, string>, object]>([
    ['region: us-east1', {...ZONE, ...REGION}, {region: 'us-east1'}],
    ['zones: [us-east1-b]', {...ZONE, ...REGION}, {region: 'us-east1', zones: ['us-east1-b']}],
    ['region: us-east1, zones: [us-east1-b]', {}, {region: 'us-east1', zones: ['us-east1-b']}],
    ['', {...ZONE, ...REGION}, {region: 'us-east4'}],
    ['', ZONE, {region: 'us-west1'}],
    ['', {}, {}],
  ])('a gce provider with {%s} in %j is placed in %j', (fields, env, expected) => {
    const provider = `provider: {type: gce, template: t${fields && `, ${fields}`}}`;
    expect(pool(provider, env)?.provider).toEqual({type: 'gce', template: 't', spot: 'never', ...expected});
  });

  test.each<[string, string[], string[]]>([
    ['the labels without self-hosted', ['[self-hosted, Linux, ARM64]'], ['linux-arm64']],
    ['self-hosted where it stands alone', ['[self-hosted]'], ['self-hosted']],
    ['the labels, cut to 20 characters', ['[ubuntu-22.04-large-i, x]'], ['ubuntu-22-04-large-i']],
    ['a number behind that of an equal one', ['[a]', '[a]', '[A]'], ['a', 'a-2', 'a-3']],
    [
      'a number within the 20 characters',
      ['[abcdefghij-abcdefghij]', '[abcdefghij-abcdefghij]'],
      ['abcdefghij-abcdefghi', 'abcdefghij-abcdefg-2'],
    ],
    ['a word in front of a digit', ['["4-core"]'], ['pool-4-core']],
    ['a word in place of what no name can spell', ['[größe, "***"]', '["***"]'], ['gr-e', 'pool']],
    ['not the name that another pool has', ['[a], name: b', '[b]', '[b], name: b-2'], ['b', 'b-3', 'b-2']],
  ])('the name left out is %s', (_, requires, expected) => {
    const text = requires.map((labels) => `{org: acme, requires: ${labels}, provider: {type: gce, template: t}}`);
    expect(pools(`pools: [${text.join(', ')}]`).map(({name}) => name)).toEqual(expected);
  });
});
