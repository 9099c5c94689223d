import {GitHubWorld} from '../emulators/github/model';
import type {Scheduler} from '../emulators/scheduler';
import type {FaultPlan} from './fault-plan';
import {listFaults} from './list-faults';
import {REPOSITORIES} from './pools';
import {randomOf} from './random-of';
import type {Scenario} from './scenario';
import type {Trace} from './trace';

interface SimulatedGitHubOptions {
  readonly scenario: Scenario;
  readonly scheduler: Scheduler;
  readonly faultPlan: FaultPlan;
  readonly trace: Trace;
}

/** GitHub in a simulated world: its latencies, its mistakes in lists, and what becomes of its webhooks on their way. */
export function simulateGitHub({scenario, scheduler, faultPlan, trace}: SimulatedGitHubOptions): GitHubWorld {
  const {seed, setting} = scenario;
  const back = randomOf(seed, 'given back');
  const github: GitHubWorld = new GitHubWorld({
    lists: listFaults({
      ...setting,
      random: randomOf(seed, 'pages'),
      labelsOf: (run) => github.queue.run(run).jobs.flatMap(({labels}) => labels),
    }),
    ...(setting.givesBack ? {givesBack: () => 1000 + back.below(5 * 60_000)} : {}),
    scheduler,
    random: randomOf(seed, 'github'),
    authClock: scheduler,
    routing: setting.routing,
    latencies: {
      delivery: [200, 4_000],
      pickup: [500, 8_000],
      busy: [0, setting.busyLieMs],
      listing: [0, setting.listingMs],
      removal: [0, setting.removalMs],
    },
  });
  const more = Array.from({length: setting.moreRepositories ?? 0}, (_, n) => `acme/repo-${n}`);
  for (const repository of [...REPOSITORIES, ...more]) github.addRepository(repository, {visibility: 'private'});
  const late = randomOf(seed, 'webhooks');
  github.deliveries.faults = () => {
    const delayMs = late.below(setting.webhookDelayMs + 1);
    const effect = faultPlan.webhook();
    if (effect) trace.add(`fault: webhook ${JSON.stringify(effect)}`);
    if (effect === undefined) return {delayMs};
    if (typeof effect === 'object') return {delayMs: effect.lateMs};
    return {
      delayMs,
      drop: effect === 'dropped',
      duplicates: effect === 'doubled' ? 1 : 0,
      loseAnswer: effect === 'answer_lost',
      neverArrives: effect === 'never_arrives',
    };
  };
  return github;
}
