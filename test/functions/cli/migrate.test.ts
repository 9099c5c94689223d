import {rmSync} from 'node:fs';
import {parse} from 'yaml';
import {CommandLine} from '../../builders/command-line';
import {checkedFrom, ORG, poolsFrom, takerOf} from '../../builders/migrated';
import {GARM, MULTI_RUNNER, SCALE_SETS} from '../../builders/peer-examples';

jest.setTimeout(60_000);

/** All non-empty sets of at most `most` of the words. */
function setsOf(words: readonly string[], most: number): string[][] {
  const sets: string[][] = [[]];
  for (const word of words) {
    sets.push(...sets.filter((set) => set.length < most).map((set) => [...set, word]));
  }
  return sets.slice(1);
}

describe('terraform-aws-github-runner', () => {
  const entries = Object.entries(
    parse(MULTI_RUNNER) as Record<
      string,
      {
        matcherConfig: {
          labelMatchers: string[][];
          exactMatch?: boolean;
          bidirectionalLabelMatch?: boolean;
          priority?: number;
        };
      }
    >,
  );

  /** Which entry serves a job there: its rule of matching and its order, and then GitHub's rule, that the runner has all labels of the job. */
  function servedThere(job: readonly string[]): string | undefined {
    const ordered = entries.toSorted(
      ([, {matcherConfig: a}], [, {matcherConfig: b}]) =>
        Number(b.exactMatch === true) - Number(a.exactMatch === true) || (a.priority ?? 999) - (b.priority ?? 999),
    );
    const isIn = (list: readonly string[]) => job.every((label) => list.includes(label));
    const taken = ordered.find(
      ([
        ,
        {
          matcherConfig: {labelMatchers, exactMatch, bidirectionalLabelMatch},
        },
      ]) =>
        labelMatchers.some((list) => {
          if (bidirectionalLabelMatch) return isIn(list) && list.every((label) => job.includes(label));
          return exactMatch ? isIn(list) : job.some((label) => list.includes(label));
        }),
    );
    return taken?.[1].matcherConfig.labelMatchers.some(isIn) ? taken[0] : undefined;
  }

  const pools = poolsFrom('terraform-aws-github-runner', MULTI_RUNNER);
  const labels = [...new Set(entries.flatMap(([, {matcherConfig}]) => matcherConfig.labelMatchers.flat()))];

  test('a job that was served gets the pool of the same entry, whatever it asks for', () => {
    const jobs = setsOf(labels, 4);
    const served = jobs.flatMap((job) => {
      const there = servedThere(job);
      return there ? [{job, there}] : [];
    });
    expect(served.length).toBeGreaterThan(40);
    for (const {job, there} of served) {
      // A second list of labels is a second pool, -2.
      expect([job, takerOf(job, pools)?.replace(/-2$/, '')]).toEqual([job, there]);
    }
  });

  test.each([
    [['self-hosted', 'Linux', 'ARM64', 'amazon'], 'linux-arm64'],
    [['self-hosted', 'linux', 'x64', 'ubuntu-2204'], 'linux-x64-ubuntu-2'],
    [['self-hosted', 'linux', 'arm64', 'microvm'], 'microvm'],
    // bidirectionalLabelMatch: all of the list.
    [['linux', 'microvm'], undefined],
    // There, a runner appeared that could not take it.
    [['self-hosted', 'linux', 'x64', 'amazon', 'gpu'], undefined],
    [['self-hosted', 'macos'], undefined],
  ])('a job that asks for %p gets %p', (job, expected) => {
    expect(takerOf(job, pools)).toBe(expected);
  });

  test('a lower priority there is a higher one here, behind all that match exactly', () => {
    const priorities = Object.fromEntries(pools.map(({name, priority}) => [name, priority]));
    expect(priorities['linux-x64']).toBeGreaterThan(priorities['microvm'] ?? 0);
    for (const exact of ['linux-arm64', 'linux-x64-ubuntu', 'linux-x64-ubuntu-2', 'windows-x64']) {
      expect(priorities[exact]).toBeGreaterThan(priorities['linux-x64'] ?? 0);
    }
  });

  test('capacity is translated, and what a person has to decide stands beside the pool', () => {
    const {yaml} = checkedFrom('terraform-aws-github-runner', MULTI_RUNNER, ORG);
    const providers = Object.fromEntries(pools.map(({name, provider}) => [name, provider]));
    expect(providers).toMatchObject({
      'linux-x64': {spot: 'never'},
      'linux-arm64': {spot: 'only', template: 'runner-arm64'},
    });
    expect(pools.find(({name}) => name === 'linux-arm64')).toMatchObject({maxRunners: 1});
    expect(yaml).toContain('# linux-arm64, there on t4g.large, c6g.large\n');
    expect(yaml).toMatch(/# minIdle: 1 from cron\(\*\/5/);
    expect(yaml).toContain('an image of Windows Server');
  });

  test('one file of the example, without a name, is one entry', () => {
    const one = {matcherConfig: {labelMatchers: [['a']], exactMatch: true}};
    expect(poolsFrom('terraform-aws-github-runner', one).map(({name}) => name)).toEqual(['runner']);
  });
});

describe('GARM', () => {
  const pools = poolsFrom('garm', GARM, {region: 'europe-west3'});

  test('a job gets the pool of the highest priority whose tags have all of its labels', () => {
    for (const job of setsOf(['ubuntu', 'generic', 'large', 'windows', 'gpu'], 5)) {
      const [best] = GARM.map(({tags, priority, repo_name, org_name}) => ({
        names: tags.map((tag) => (typeof tag === 'string' ? tag : tag.name)),
        priority: priority ?? 0,
        isOurs: repo_name !== undefined || org_name !== undefined,
      }))
        .filter(({names, isOurs}) => isOurs && job.every((label) => names.includes(label)))
        .toSorted((a, b) => b.priority - a.priority);
      expect([job, takerOf(job, pools)]).toEqual([job, best?.names.join('-')]);
    }
  });

  test('numbers and scopes are taken over, and a pool that is not enabled creates nothing', () => {
    expect(pools.map(({name, scope, maxRunners}) => [name, scope.kind, maxRunners])).toEqual([
      ['ubuntu-generic', 'repositories', 10],
      ['ubuntu-generic-large', 'repositories', 5],
      ['windows', 'organization', 0],
    ]);
    expect(pools[0]).toMatchObject({bootMinutes: 20, minIdle: 2});
  });

  test('pools of an enterprise are left out with the reason, unless an organisation is given', () => {
    expect(checkedFrom('garm', GARM, {}).yaml).toContain('# 1 pools of an enterprise are left out: give --org NAME');
    expect(poolsFrom('garm', [GARM[3] ?? {}], ORG).map(({scope}) => scope)).toEqual([
      {kind: 'organization', org: 'acme'},
    ]);
    expect(() => poolsFrom('garm', [GARM[3] ?? {}], {})).toThrow('give --org NAME');
  });
});

test.each([
  [['arc-runner-set'], 'acme/app', 'arc-runner-set'],
  [['arc-runner-set'], 'acme/other', undefined],
  [['builders'], 'acme/other', 'builders'],
  [['linux', 'x64'], 'acme/other', 'builders'],
  [['builders', 'linux'], 'acme/app', 'builders'],
  [['builders', 'arm64'], 'acme/app', undefined],
])('actions-runner-controller: a job that asks for %p in %s gets %p', (job, repository, expected) => {
  expect(takerOf(job, poolsFrom('actions-runner-controller', SCALE_SETS, {}), repository)).toBe(expected);
});

test('actions-runner-controller: as many runners as are kept warm are allowed', () => {
  const set = '{githubConfigUrl: https://github.com/acme, runnerScaleSetName: warm, minRunners: 30}';
  expect(poolsFrom('actions-runner-controller', set)[0]?.maxRunners).toBe(30);
});

describe('the command', () => {
  let cli: CommandLine;
  beforeAll(() => {
    cli = CommandLine.build();
  });
  afterAll(() => rmSync(cli.folder, {recursive: true, force: true}));
  const migrate = (args: readonly string[], input: string) => cli.run(['migrate', '-', ...args], {input});

  test('prints a file that check accepts', async () => {
    const made = await migrate(['--from', 'terraform-aws-github-runner', '--org', 'acme'], MULTI_RUNNER);
    expect([made.code, made.stderr]).toEqual([
      0,
      'slipway: 6 pools; read the comments, then try jobs with slipway check\n',
    ]);
    expect(made.stdout).toContain(
      '# Jobs of public repositories are ignored unless a pool says allowPublicRepos: true',
    );
    const file = cli.write('pools.yaml', made.stdout);
    const job = ['--job', 'self-hosted linux x64 ubuntu-2204', '--repo', 'acme/app'];
    const checked = await cli.run(['check', file, ...job, '--json']);
    expect(JSON.parse(checked.stdout)).toMatchObject({pool: 'linux-x64-ubuntu-2'});
  });

  test('prints pools and remarks as JSON for scripts', async () => {
    const made = await migrate(['--from', 'garm', '--json'], JSON.stringify(GARM));
    const {pools} = JSON.parse(made.stdout) as {pools: {name: string; remarks: string[]}[]};
    expect(pools[0]).toMatchObject({name: 'ubuntu-generic', remarks: ['There: lxd_local, ubuntu:22.04, default']});
  });

  test.each([
    [
      ['--from', 'terraform-aws-github-runner'],
      MULTI_RUNNER,
      'this file does not say whose runners they are: give --org NAME',
    ],
    [['--from', 'garm'], '{"a": ', 'found no YAML and no JSON'],
    [['--from', 'garm'], 'a: 1\nb: 2\na: 3\n', 'found a key that stands twice (DUPLICATE_KEY in line 3)'],
    [['--from', 'garm'], '[{"id": "x"}]', '0.tags: expected the pools as garm-cli pool list'],
    [
      ['--from', 'actions-runner-controller'],
      'githubConfigUrl: https://github.com/acme',
      'found no runnerScaleSetName',
    ],
    [['--from', 'jenkins'], '', 'Allowed choices are terraform-aws-github-runner, garm'],
    [[], '', "required option '--from <system>' not specified"],
  ])('%p is refused with what to do', async (args, input, said) => {
    const ended = await migrate(args, input);
    expect([ended.code, ended.stdout]).toEqual([2, '']);
    expect(ended.stderr).toContain(said);
  });
});
