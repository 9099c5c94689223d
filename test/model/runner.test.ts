import {
  advanceRunner,
  assignTo,
  canRun,
  isBeingCreated,
  isEnding,
  maxLifetimeMs,
  type RunnerState,
  unassign,
} from '../../shared/model/runner';
import {aJob, aRunner, NOW} from '../builders/lifecycle';

const ORDER: RunnerState[] = ['requested', 'creating', 'booting', 'idle', 'busy', 'draining', 'gone'];
const later = NOW + 60_000;

describe('a runner', () => {
  test.each(ORDER.flatMap((from, i) => ORDER.map((to, j) => [from, to, j > i] as const)))(
    'goes from %s to %s: %s',
    (from, to, allowed) => {
      const runner = aRunner(aJob(), {state: from});
      expect(advanceRunner(runner, to, later).state).toBe(allowed ? to : from);
    },
  );

  test.each(ORDER.slice(0, -1))('may fail from %s', (from) => {
    expect(advanceRunner(aRunner(aJob(), {state: from}), 'failed', later)).toMatchObject({
      state: 'failed',
      covers: null,
    });
  });

  test('is being made until its VM is known to exist, and ends from draining on', () => {
    const inState = (state: RunnerState) => aRunner(aJob(), {state});
    expect(ORDER.filter((state) => isBeingCreated(inState(state)))).toEqual(['requested', 'creating']);
    expect(ORDER.filter((state) => isEnding(inState(state)))).toEqual(['draining', 'gone']);
  });

  test('is spare when it covers nothing, and no longer when it covers a job again', () => {
    const spare = unassign(aRunner(aJob()), later);
    expect(spare).toMatchObject({spare: true, covers: null, spareSince: later});
    expect(assignTo(spare, '1002-1')).toMatchObject({spare: false, covers: '1002-1'});
  });

  test('that became spare while it was being made is spare since then, also when its VM is there', () => {
    const spare = unassign(aRunner(aJob(), {state: 'creating'}), NOW);
    expect(advanceRunner(spare, 'booting', later)).toMatchObject({spare: true, spareSince: NOW, stateAt: later});
  });

  test('that runs a job is never spare', () => {
    expect(unassign(aRunner(aJob(), {state: 'busy', runs: '1001-1'}), later).spare).toBe(false);
  });

  test('lives no longer than booting, waiting and running take at most, and ten minutes', () => {
    expect(maxLifetimeMs({bootMinutes: 5, idleMinutes: 10, jobMinutes: 120})).toBe(145 * 60_000);
    expect(maxLifetimeMs({bootMinutes: 0.5, idleMinutes: 0, jobMinutes: 0})).toBe(630_000);
  });
});

describe('a runner can run a job', () => {
  const runner = aRunner(aJob(), {labels: ['self-hosted', 'linux', 'large']});
  const org = aRunner(aJob(), {scope: {kind: 'organization', org: 'Acme'}});
  test.each([
    ['with fewer labels than its own', runner, aJob(), true],
    ['with a label that it lacks', runner, aJob({labels: ['self-hosted', 'gpu']}), false],
    ['of another pool, which GitHub does not know', runner, aJob({pool: 'x64'}), true],
    ['of another repository', runner, aJob({repository: 'acme/web'}), false],
    ['of its repository in other letters', runner, aJob({repository: 'Acme/App'}), true],
    ['of any repository of its organization', org, aJob({repository: 'acme/web'}), true],
    ['of another organization', org, aJob({repository: 'acmes/web'}), false],
    ['unless it runs one', {...runner, runs: '1-1'}, aJob(), false],
    ['unless it drains', {...runner, state: 'draining' as const}, aJob(), false],
  ])('%s', (_, candidate, job, expected) => {
    expect(canRun(candidate, job)).toBe(expected);
  });
});
