// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is found and replaced is code

import type {Mutation} from './mutation';
import {SWEEP_MUTATIONS} from './sweep-mutations';

/** Mistakes that others made, or that are easily made; each breaks a promise that the simulation checks. */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'skip the swap rule',
    file: 'shared/lifecycle/swap.ts',
    find: "const stillWaits = displaced !== undefined && displaced.status === 'queued' && displaced.runner === runner?.name;",
    replace: 'const stillWaits = false as boolean && displaced !== undefined;',
  },
  {
    name: 'drop the lease',
    file: 'shared/store/keys.ts',
    find: 'if (existing && existing.holder !== holder && existing.leaseUntil > now) {',
    replace: 'if (existing && existing.leaseUntil < 0) {',
  },
  {
    name: 'a claim is never taken over',
    file: 'shared/store/keys.ts',
    find: 'if (existing && existing.holder !== holder && existing.leaseUntil > now) {',
    replace: 'if (existing && existing.holder !== holder) {',
  },
  {
    name: 'delete by job and not by runner name',
    file: 'shared/effects/release-runner.ts',
    find: 'const {change, runner} = record;',
    replace:
      "const {change} = record;\n  const runner = await context.store.get('runners', `${context.deployment}-${event.pool}-${event.jobId}-1`);",
  },
  {
    name: 'one idle reading is enough, and no deregistration',
    file: 'shared/effects/check-idle.ts',
    find: "if (registration && (await github.deleteRunner(registration.id)) === 'busy') return keep(context, runner, check);",
    replace: '',
  },
  {
    name: 'GitHub’s refusal to deregister is ignored',
    file: 'shared/effects/check-idle.ts',
    find: "=== 'busy') return keep(context, runner, check);",
    replace: "=== 'absent') return 'void';",
  },
  {
    name: 'the key does not count creations',
    file: 'shared/effects/lease.ts',
    find: '${job.generation}/${job.creations}`',
    replace: '1`',
  },
  {
    name: 'the slot is not checked',
    file: 'shared/effects/cover-job.ts',
    find: "if (!slotIsFree(slot.document) && slot.document?.holder !== `job:${jobKeyOf(job)}`) return {kind: 'again'};",
    replace: '',
  },
  {
    name: 'no retry on 503',
    file: 'shared/http/task-function.ts',
    find: "return answerOf(error);\n      }\n      span.set({decision: 'dead_letter'",
    replace: "return {status: 200, body: {status: 'done'}};\n      }\n      span.set({decision: 'dead_letter'",
  },
  {
    name: 'dead letter at the first failure',
    file: 'shared/http/task-context.ts',
    find: 'return context.retryCount >= maxAttempts - 1;',
    replace: 'return maxAttempts > 0;',
  },
  {
    name: 'the webhook answers 202 without a task',
    file: 'functions/webhook/ingest.ts',
    find: 'return this.#inTime(this.configured().tasks.enqueue(task));',
    replace: "return task.queue === 'stop' ? 'created' : this.#inTime(this.configured().tasks.enqueue(task));",
  },
  {
    name: 'uncertain is treated as failed',
    file: 'shared/providers/gce-attempt.ts',
    find: "if (failure.failureClass === 'uncertain') return this.#settleUncertain(failure);",
    replace:
      "if (failure.failureClass === 'uncertain') return {kind: 'failed', failure: new ComputeFailure('zone_full', failure.code, failure.message)};",
  },
  {
    name: 'a failed creation leaves its registration',
    file: 'shared/effects/create-runner.ts',
    find: 'await deregister(context, runner, jit.runnerId);\n  await replaceRunner',
    replace: 'await replaceRunner',
  },
  {
    name: 'a queued event after completed makes a runner',
    file: 'shared/lifecycle/job.ts',
    find: 'if (existing && RANK[event.status] < RANK[existing.status]) return',
    replace: "if (existing && event.status !== 'queued' && RANK[event.status] < RANK[existing.status]) return",
  },
  {
    name: 'a freed slot tells nobody',
    file: 'shared/effects/retire-runner.ts',
    find: 'if (handedTo) await demandJob',
    replace: "if (handedTo && state === 'failed') await demandJob",
  },
  {
    name: 'a spare runner is never looked at again',
    file: 'shared/effects/record-run.ts',
    find: 'if (spare) await placeSpare(context, spare);',
    replace: '',
  },
  {
    name: 'a repeated release does not tell who got the slot',
    file: 'shared/effects/release-runner.ts',
    find: "await retireRunner(context, runner, 'gone');\n    return isOver ?",
    replace: "if (!isOver) await retireRunner(context, runner, 'gone');\n    return isOver ?",
  },
  {
    name: 'a spare runner that is being made is given away',
    file: 'shared/lifecycle/runner.ts',
    find: 'return runner.spare && !isBeingMade(runner) && canRun(runner, job);',
    replace: 'return runner.spare && canRun(runner, job);',
  },
  {
    name: 'an abandoned registration is looked for in the list',
    file: 'shared/effects/create-runner.ts',
    find: 'if (githubId === null) await settle',
    replace: 'if (githubId !== undefined) await settle',
  },
  {
    name: 'the JIT config is logged',
    file: 'shared/effects/create-runner.ts',
    find: "if (registered === 'alive') return",
    replace:
      "if (typeof registered === 'object') context.logger.info(registered.encodedJitConfig.reveal().slice(0, 300));\n    if (registered === 'alive') return",
  },
  {
    name: 'the JIT config is kept in a document',
    file: 'shared/effects/create-runner.ts',
    find: 'beforeInsert: (rung) => recordAttempt(context, creation, jit.runnerId, rung),',
    replace:
      'beforeInsert: (rung) => recordAttempt(context, creation, jit.runnerId, {...rung, machineType: jit.encodedJitConfig.reveal()}),',
  },
  {
    name: 'the operation of an insert is not awaited',
    file: 'shared/providers/gce-attempt.ts',
    find: 'return this.#awaitOperation(operation);',
    replace: "return operation.name === '' ? this.#awaitOperation(operation) : {kind: 'created'};",
  },
  {
    name: 'GitHub is asked within a transaction',
    file: 'shared/effects/record-run.ts',
    find: 'const seen = await read(transaction, event, now);',
    replace:
      "await context.github({kind: 'organization', org: 'acme'}).listRunners();\n    const seen = await read(transaction, event, now);",
  },
  {
    name: 'a VM that has ended is made once more',
    file: 'shared/effects/create-runner.ts',
    find: 'if (ENDING.has(machine.status)) return settleEnded(context, creation, machine);',
    replace: 'if (ENDING.has(machine.status)) return undefined;',
  },
  {
    name: 'the next event forgets what the one before left to do',
    file: 'shared/effects/record-run.ts',
    find: 'const earlier = seen.existing?.aftermath ?? {spare: null, reopened: null};',
    replace: 'const earlier: Aftermath = {spare: null, reopened: null};',
  },
  {
    name: 'persistent: busy is believed too early',
    file: 'shared/effects/vm/check-vm.ts',
    find: 'const DRAINED_SECONDS = 125;',
    replace: 'const DRAINED_SECONDS = 5;',
  },
  {
    name: 'persistent: the label does not come back',
    file: 'shared/effects/vm/ensure-started.ts',
    find: 'if (document.drained.length > 0) await restoreLabels(context, vm, document);',
    replace: 'void restoreLabels;',
  },
  {
    name: 'persistent: a VM that is found down stays on record as up',
    file: 'shared/effects/vm/check-vm.ts',
    find: "if (isDown(status)) return over(context, vm, document, 'already_stopped');",
    replace: "if (isDown(status)) return 'already_stopped';",
  },
  ...SWEEP_MUTATIONS,
];
