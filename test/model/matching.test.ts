import {type JobToMatch, matchJob} from '../../shared/model/matching';
import {aPool} from '../builders/lifecycle';

const linux = aPool({
  name: 'linux',
  requires: ['self-hosted', 'linux'],
  offers: ['self-hosted', 'linux', 'x64', 'gce'],
});

function job(overrides: Partial<JobToMatch> = {}): JobToMatch {
  return {repository: 'acme/app', isPublic: false, labels: ['self-hosted', 'linux'], ...overrides};
}

function outcome(overrides: Partial<JobToMatch>, ...pools: ReturnType<typeof aPool>[]): string {
  const match = matchJob(job(overrides), pools.length > 0 ? pools : [linux]);
  return match.kind === 'matched' ? match.pool.name : match.reason;
}

describe('matching by labels', () => {
  test.each([
    ['all required, none foreign', ['self-hosted', 'linux'], 'linux'],
    ['case does not matter', ['Self-Hosted', 'Linux', 'GCE'], 'linux'],
    ['an offered label more', ['self-hosted', 'linux', 'x64'], 'linux'],
    ['a required label is missing', ['self-hosted'], 'no_matching_pool'],
    ['a label that is not offered', ['self-hosted', 'linux', 'gpu'], 'no_matching_pool'],
    ['a GitHub-hosted runner', ['ubuntu-latest'], 'no_matching_pool'],
    ['no labels', [], 'no_labels'],
  ])('%s', (_, labels, expected) => {
    expect(outcome({labels})).toBe(expected);
  });

  test('a pool without offers takes any further label', () => {
    expect(outcome({labels: ['self-hosted', 'linux', 'whatever']}, aPool({name: 'any', offers: null}))).toBe('any');
  });

  test('a pool without requires takes what it offers', () => {
    const pool = aPool({name: 'offers', requires: [], offers: ['self-hosted', 'large']});
    expect(outcome({labels: ['large']}, pool)).toBe('offers');
  });

  test('says which label is missing, for whoever asks why nothing happens', () => {
    expect(matchJob(job({labels: ['self-hosted']}), [linux])).toMatchObject({
      kind: 'ignored',
      detail: expect.stringContaining('linux requires linux'),
    });
  });
});

describe('matching by repository', () => {
  const of = (...patterns: string[]) => aPool({name: 'found', scope: {kind: 'repositories', patterns}});
  test.each([
    ['the repository itself', of('acme/app'), 'acme/app', 'found'],
    ['a star for the name', of('acme/*'), 'acme/app', 'found'],
    ['a star within the name', of('acme/app-*'), 'acme/app-web', 'found'],
    ['case does not matter', of('Acme/App'), 'acme/app', 'found'],
    ['an excluded one', of('acme/*', '!acme/legacy'), 'acme/legacy', 'no_matching_pool'],
    ['an excluded one, named first', of('!acme/legacy', 'acme/*'), 'acme/legacy', 'no_matching_pool'],
    ['another owner', of('acme/*'), 'acme-evil/app', 'no_matching_pool'],
    ['dots are dots', of('acme/a.b'), 'acme/axb', 'no_matching_pool'],
    ['an organization', aPool({name: 'found', scope: {kind: 'organization', org: 'Acme'}}), 'acme/any', 'found'],
    ['another organization', aPool({scope: {kind: 'organization', org: 'acme'}}), 'acmes/any', 'no_matching_pool'],
  ])('%s', (_, pool, repository, expected) => {
    expect(outcome({repository}, pool)).toBe(expected);
  });
});

describe('matching of several pools', () => {
  test.each([
    [
      'the highest priority wins',
      [
        {name: 'a', priority: 0},
        {name: 'b', priority: 5},
      ],
      'b',
    ],
    [
      'then the most requirements',
      [
        {name: 'a', requires: ['linux']},
        {name: 'b', requires: ['self-hosted', 'linux']},
      ],
      'b',
    ],
    ['then the first', [{name: 'a'}, {name: 'b'}], 'a'],
    ['priority before requirements', [{name: 'a', requires: ['linux'], priority: 1}, {name: 'b'}], 'a'],
  ])('%s', (_, pools, expected) => {
    expect(outcome({}, ...pools.map((pool) => aPool(pool)))).toBe(expected);
  });
});

describe('public repositories', () => {
  test('are ignored unless the pool allows them', () => {
    expect(outcome({isPublic: true})).toBe('public_repository');
    expect(outcome({isPublic: true}, linux, aPool({name: 'open', allowPublicRepos: true}))).toBe('open');
  });
});

describe('matching by patterns', () => {
  const runs = aPool({name: 'runs', requires: ['self-hosted', 'run-*'], offers: ['self-hosted', 'run-*', 'size=*,*']});
  test.each([
    ['a label made for one run', ['self-hosted', 'run-1234'], 'runs'],
    ['case does not matter', ['Self-Hosted', 'RUN-1234'], 'runs'],
    ['a star is nothing, too', ['self-hosted', 'run-'], 'runs'],
    ['two labels for one pattern', ['self-hosted', 'run-1', 'run-2'], 'runs'],
    ['a label with commas', ['self-hosted', 'run-1', 'size=2,4'], 'runs'],
    ['none that the required pattern fits', ['self-hosted'], 'no_matching_pool'],
    ['a label that only begins like the pattern', ['self-hosted', 'run'], 'no_matching_pool'],
    ['a label that no pattern offers', ['self-hosted', 'run-1', 'gpu'], 'no_matching_pool'],
    ['a label longer than GitHub has any', ['self-hosted', `run-${'1'.repeat(253)}`], 'labels'],
  ])('%s', (_, labels, expected) => {
    expect(outcome({labels}, runs)).toBe(expected);
  });

  test('a megabyte of the worst label is compared at once', () => {
    const label = 'a'.repeat(1_000_000);
    const pool = aPool({requires: ['linux'], offers: ['linux', '*a*a*a*a*a*a*b']});
    const before = process.cpuUsage();
    expect(outcome({labels: ['linux', label]}, pool)).toBe('labels');
    expect(outcome({labels: ['linux', label.slice(0, 256)]}, pool)).toBe('no_matching_pool');
    expect(outcome({repository: `acme/${label}`, labels: ['linux']}, pool)).toBe('arm');
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(2_000);
  });
});

describe('jobs without labels', () => {
  const org = (overrides: Partial<ReturnType<typeof aPool>> = {}) =>
    aPool({name: 'org', scope: {kind: 'organization', org: 'Acme'}, acceptsUnlabeled: true, ...overrides});

  test.each([
    ['go to the pool of their organization that accepts them, whatever it requires', {}, [org()], 'org'],
    ['not to another organization', {repository: 'other/app'}, [org()], 'no_labels'],
    ['not to a pool that does not accept them', {}, [org({acceptsUnlabeled: false}), linux], 'no_labels'],
    ['not from a public repository', {isPublic: true}, [org()], 'public_repository'],
  ])('%s', (_, overrides, pools, expected) => {
    expect(outcome({labels: [], ...overrides}, ...pools)).toBe(expected);
  });

  test('jobs with labels have to fit such a pool too', () => {
    expect(outcome({labels: ['windows']}, org())).toBe('no_matching_pool');
  });

  test('are told what to write', () => {
    expect(matchJob(job({labels: []}), [linux])).toMatchObject({
      reason: 'no_labels',
      detail: expect.stringContaining('add a label to runs-on, or set acceptsUnlabeled'),
    });
  });
});
