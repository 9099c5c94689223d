// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is found and replaced is code

import type {Mutation} from './mutation';

/** Mistakes in the sweep: what it sees, decides and does. */
export const SWEEP_MUTATIONS: readonly Mutation[] = [
  {
    name: 'sweep: one sighting is enough',
    file: 'shared/lifecycle/sweep/sightings.ts',
    find: 'return this.see(key) >= TWICE_MS;',
    replace: 'return this.see(key) >= 0;',
  },
  {
    name: 'sweep: an incomplete list of VMs is taken for the whole',
    file: 'shared/effects/sweep/observe.ts',
    find: 'pools: context.pools,\n    webhooks: sweep.webhooks,\n    instances,',
    replace: 'pools: context.pools,\n    webhooks: sweep.webhooks,\n    instances: instances ?? [],',
  },
  {
    name: 'sweep: VMs of other deployments are looked at',
    file: 'shared/effects/sweep/observe.ts',
    find: 'compute.listInstances({[DEPLOYMENT_LABEL]: context.deployment}),',
    replace: 'compute.listInstances(DEPLOYMENT_LABEL ? {} : {}),',
    also: {
      file: 'shared/compute/labels.ts',
      find: 'return instance.labels[DEPLOYMENT_LABEL] === deployment;',
      replace: "return deployment !== '' && instance.labels !== undefined;",
    },
  },
  {
    name: 'sweep: the label slipway-keep is ignored',
    file: 'shared/lifecycle/sweep/fleet.ts',
    find: '!(KEEP_LABEL in labels) && ',
    replace: "KEEP_LABEL + labels !== '' && ",
  },
  {
    name: 'sweep: registrations of others are ghosts',
    file: 'shared/lifecycle/sweep/ghosts.ts',
    find: ' || !parseRunnerName(observed.deployment, name)) continue;',
    replace: ' || parseRunnerName(name, observed.deployment)) continue;',
  },
  {
    name: 'sweep: only queued runs are looked into',
    file: 'shared/github/discovery.ts',
    find: "['queued', 'in_progress'];",
    replace: "['queued'];",
  },
  {
    name: 'sweep: redelivers without bound',
    file: 'shared/lifecycle/sweep/deliveries.ts',
    find: '(counts[guid] ?? 0) >= MOST_REDELIVERIES || ',
    replace: '(counts[guid] ?? 0) + MOST_REDELIVERIES < 0 || ',
  },
  {
    name: 'sweep: two at once',
    file: 'shared/effects/sweep/lock.ts',
    find: 'if (lock.holder !== null && lock.leaseUntil > now) return undefined;',
    replace: '',
  },
  {
    name: 'sweep: its lease never ends',
    file: 'shared/effects/sweep/lock.ts',
    find: 'if (lock.holder !== null && lock.leaseUntil > now) return undefined;',
    replace: 'if (lock.holder !== null) return undefined;',
  },
  {
    name: 'sweep: a boot may take no time',
    file: 'shared/lifecycle/sweep/boot.ts',
    find: 'minutesOf(observed, runner.pool).bootMinutes * 60_000) {',
    replace: 'minutesOf(observed, runner.pool).bootMinutes) {',
  },
  {
    name: 'sweep: queued jobs that nobody heard of are left alone',
    file: 'shared/lifecycle/sweep/jobs.ts',
    find: "if (!stored || stored.status === 'waiting') return told(",
    replace: "if (!stored) return undefined;\n      if (stored.status === 'waiting') return told(",
  },
  {
    name: 'sweep: a lost stop is not mended',
    file: 'shared/lifecycle/sweep/machines.ts',
    find: 'if (isEnding(runner)) {',
    replace: 'if (isEnding(runner)) {\n      if (now > 0) continue;',
  },
  {
    name: 'sweep: ghosts stay',
    file: 'shared/lifecycle/sweep/ghosts.ts',
    find: 'if (actions.length === MOST_A_PASS) continue;',
    replace: 'if (actions.length <= MOST_A_PASS) continue;',
  },
  {
    name: 'sweep: an end that nobody heard of is not told',
    file: 'shared/lifecycle/sweep/jobs.ts',
    find: "return stored && stored.status !== 'completed' ? told(observed, seen, stored, 'lost_event', now) : undefined;",
    replace: 'return undefined;',
  },
  {
    name: 'sweep: orphans stay',
    file: 'shared/lifecycle/sweep/machines.ts',
    find: 'if (action) actions.push(action);',
    replace: '',
  },
  {
    name: 'sweep: an orphan is deleted under its job',
    file: 'shared/lifecycle/sweep/machines.ts',
    find: 'if (!isDead && (found?.seen.busy || runsAtGitHub(observed, name))) return undefined;',
    replace: '',
    also: {
      file: 'shared/effects/sweep/remove-leftover.ts',
      find: "if (result === 'busy' && !isDead) return 'left';",
      replace: '',
    },
  },
  {
    name: 'sweep: half-made runners stay',
    file: 'shared/lifecycle/sweep/half-made.ts',
    find: 'const forMs = now - runner.stateAt;',
    replace: 'const forMs = Math.min(0, now - runner.stateAt);',
  },
  {
    name: 'sweep: a lost slot stays lost',
    file: 'shared/lifecycle/sweep/slots.ts',
    find: "actions.push({kind: 'free_slot', reason: 'lost_slot', slot: id, holder});",
    replace: '',
  },
  {
    name: 'sweep: no second page of what is on record',
    file: 'shared/effects/sweep/stored.ts',
    find: 'if (found.length < PAGE) return true;',
    replace: 'return true;',
    also: {
      file: 'shared/effects/sweep/stored.ts',
      find: 'const PAGE = 500;',
      replace: 'const PAGE = 1;',
    },
  },
  {
    name: 'no pagination',
    file: 'shared/github/list-all.ts',
    find: 'if (++pages > MOST_PAGES)',
    replace: 'if (++pages > 0) break;\n    if (pages > MOST_PAGES)',
    also: {
      file: 'shared/github/list-all.ts',
      find: 'if (items.size !== total) {',
      replace: 'if (items.size > Number(total)) {',
    },
  },
  {
    name: 'sweep: what it ends is not deregistered first',
    file: 'shared/effects/sweep/end-runner.ts',
    find: 'const result = await github.deleteRunner(registration.id);',
    replace: "const result = 'deleted' as 'deleted' | 'busy';",
  },
];
