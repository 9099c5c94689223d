// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is put into the source is code

import type {Mutation} from './mutation';

/** Mistakes that others made, or that are easily made, in what events and tasks do. */
export const CORE_MUTATIONS: readonly Mutation[] = [
  {name: 'skip the swap rule', marked: 'displaced job still waits', value: 'false'},
  {
    name: 'drop the lease',
    exported: 'claimKey',
    wrap: '(original) => (existing, claim) => original(existing && {...existing, leaseUntil: 0}, claim)',
  },
  {
    name: 'a claim is never taken over',
    exported: 'claimKey',
    wrap: '(original) => (existing, claim) => original(existing && {...existing, leaseUntil: claim.now + 30_000}, claim)',
  },
  {
    name: 'delete by job and not by runner name',
    exported: 'recordRun',
    wrap: `(original) => async (context, event) => {
      const record = await original(context, event);
      if (event.status !== 'completed') return record;
      const first = context.deployment + '-' + event.pool + '-' + event.jobId + '-1';
      return {...record, runner: await context.store.get('runners', first)};
    }`,
  },
  {name: 'one idle reading is enough, and no deregistration', marked: 'deregister idle runner', remove: true},
  {
    name: 'GitHub’s refusal to deregister is ignored',
    marked: 'deregister idle runner',
    condition: (refused) => `${refused} && false`,
  },
  {
    name: 'the name, and with it the lease, does not count creations',
    exported: 'latestRunnerName',
    wrap: '(original) => (deployment, job) => original(deployment, {...job, creations: 1})',
  },
  {name: 'the slot is not checked', marked: 'slot taken meanwhile', remove: true},
  {name: 'no retry on 503', marked: 'answer to retry', value: "jsonReply({status: 'done'})"},
  {name: 'dead letter at the first failure', exported: 'isLastAttempt', wrap: '() => () => true'},
  {
    name: 'the webhook answers 202 without a task',
    exported: 'Intake.enqueue',
    wrap: "(original) => async (task) => (task.queue === 'stop' ? 'created' : original(task))",
  },
  {
    name: 'a task goes to the function of its queue, not to the one that it names',
    exported: 'functionOf',
    wrap: '() => ({queue}) => queue',
  },
  {
    name: 'uncertain is treated as failed',
    marked: 'settle uncertain insert',
    wrap: `() => async ({code, message}) => ({kind: 'failed', failure: new ComputeFailure('zone_full', code, message)})`,
  },
  {name: 'a failed creation leaves its registration', marked: 'deregister after failed insert', remove: true},
  {
    name: 'a queued event after completed makes a runner',
    marked: 'late event',
    condition: (late) => `${late} && event.status !== 'queued'`,
  },
  {
    name: 'a freed slot tells nobody',
    marked: 'demand of slot',
    condition: (handedOver) => `${handedOver} && state === 'failed'`,
  },
  {name: 'the sweep takes a runner whose job is over for one at work', marked: 'end told by job', value: '[]'},
  {name: 'a spare runner is never looked at again', marked: 'place spare after run', remove: true},
  {
    name: 'a repeated release does not tell who got the slot',
    marked: 'retire released runner',
    value: (retire) => `wasOver || ${retire}`,
  },
  {
    name: 'a spare runner that is being made is given away',
    exported: 'canBeAssigned',
    wrap: '() => (runner, job) => runner.spare && canRun(runner, job)',
  },
  {name: 'an abandoned registration stays', marked: 'deregister abandoned', condition: 'false'},
  {
    name: 'the JIT config is logged',
    exported: 'createMachine',
    wrap: `(original) => (options, request) => {
      options.logger.info(request.encodedJitConfig.reveal().slice(0, 300));
      return original(options, request);
    }`,
  },
  {
    name: 'the JIT config is kept in a document',
    exported: 'createMachine',
    wrap: `(original) => (options, request) => original(options, {
      ...request,
      beforeInsert: (placement) =>
        request.beforeInsert({...placement, machineType: request.encodedJitConfig.reveal()}),
    })`,
  },
  {name: 'the operation of an insert is not awaited', marked: 'await insert', value: "{kind: 'created'}"},
  {
    name: 'GitHub is asked within a transaction',
    marked: 'read of run',
    before: "await context.github({kind: 'organization', org: 'acme'}).listRunners();",
  },
  {name: 'a VM that has ended is made once more', marked: 'settle ended VM', wrap: '() => async () => undefined'},
  {
    name: 'the next event forgets what the one before left to do',
    marked: 'aftermath of earlier event',
    value: '{spare: null, reopened: null}',
  },
  {name: 'persistent: busy is believed too early', marked: 'drained reading interval', value: '5'},
  {name: 'persistent: the label does not come back', marked: 'restore labels at start', remove: true},
  {
    name: 'persistent: a VM that is found down stays on record as up',
    marked: 'VM found down',
    value: "'already_stopped'",
  },
  {name: 'a task needs no signature', exported: 'taskVerifier', wrap: '() => () => async () => undefined'},
  {name: 'any signature of a task will do', exported: 'isTaskSigned', wrap: '() => () => true'},
  {
    name: 'a task’s signature covers its name alone',
    marked: 'what a task’s signature covers',
    value: 'hmacSha256(key, name)',
  },
  {name: 'any signature of a delivery will do', exported: 'isSigned', wrap: '() => async () => true'},
  {name: 'tasks are not signed', exported: 'signedTasks', wrap: '() => (tasks) => tasks'},
  {
    name: 'no key is accepted',
    exported: 'createSecretCheck',
    wrap: '(original) => (sources, ...rest) => original([], ...rest)',
  },
];
