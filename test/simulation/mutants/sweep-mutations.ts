import {type Mutation, UNASKED_MACHINE} from './mutation';

/** Sees what it is given, and does nothing about it. */
const IDLE = '(rule) => ({...rule, plan: (...seen) => { rule.plan(...seen); return []; }})';

/** Mistakes in the sweep: what it sees, decides and does. */
export const SWEEP_MUTATIONS: readonly Mutation[] = [
  {
    name: 'sweep: one sighting is enough',
    exported: 'PersistenceTracker.hasPersisted',
    wrap: '(original) => (key) => { original(key); return true; }',
    also: UNASKED_MACHINE,
  },
  {
    name: 'sweep: an incomplete list of VMs is taken for the whole',
    exported: 'observe',
    wrap: `(original) => async (...given) => {
      const seen = await original(...given);
      return {...seen, observed: {...seen.observed, unlisted: []}};
    }`,
    also: UNASKED_MACHINE,
  },
  {
    name: 'sweep: VMs of other deployments are looked at',
    marked: 'VMs of this deployment',
    value: 'compute.listInstances({})',
    also: {marked: 'instance of this deployment', value: 'true'},
  },
  {
    name: 'sweep: the label slipway-keep is ignored',
    exported: 'ourMachines',
    wrap: `(original) => (observed) => {
      const ours = original(observed);
      return [...ours, ...observed.machines.filter(({isKept}) => isKept)];
    }`,
  },
  {
    name: 'sweep: registrations of others are ghosts',
    marked: 'ghost of another',
    condition: "!name.startsWith(observed.deployment + '-')",
    also: {marked: 'ghost on no record', remove: true},
  },
  {name: 'sweep: only queued runs are looked into', exported: 'OPEN_RUNS', value: "['queued']"},
  {
    name: 'sweep: a run that waits is not looked into',
    exported: 'OPEN_RUNS',
    value: "['queued', 'in_progress']",
  },
  {name: 'sweep: runs older than a day are not looked into', marked: 'age of runs', value: '25 * 3600_000'},
  {
    name: 'sweep: the age of a job is that of its creation',
    exported: 'queuedAt',
    wrap: "(original) => (status, times) => original('completed', times)",
  },
  {name: 'sweep: a list that lacks something is thrown away', marked: 'what could be read', condition: 'true'},
  {name: 'sweep: a page that is too large is not asked for again', marked: 'smaller pages', condition: 'false'},
  {name: 'sweep: one run that cannot be read hides the others', marked: 'one run that fails', before: 'throw error;'},
  {name: 'sweep: a repository that is not there is waited for', exported: 'isMissing', wrap: '() => () => false'},
  {name: 'sweep: a job that is queued again is left alone', marked: 'queued again', condition: 'false'},
  {name: 'a job that is queued again is late for ever', exported: 'requeueJob', wrap: "() => async () => 'void'"},
  {name: 'sweep: redelivers without bound', marked: 'pause before next try', value: '0'},
  {
    name: 'sweep: redelivers faster than GitHub lets it',
    marked: 'redeliveries a minute',
    value: '({calls: 10_000, at: now})',
  },
  {
    name: 'sweep: a probe is a try',
    exported: 'tried',
    wrap: '(original) => (event, _, now) => original(event, {isProbe: false}, now)',
  },
  {
    name: 'sweep: an outage of the webhook is not noticed',
    exported: 'healthAfter',
    wrap: '() => (reading) => reading',
  },
  {name: 'sweep: probes as often as it likes', marked: 'probed a moment ago', remove: true},
  {
    name: 'sweep: what it could not read of the deliveries is passed',
    marked: 'deliveries left unread',
    value: 'undefined',
  },
  {name: 'sweep: failed events are all in one document', marked: 'page with room', value: '0'},
  {name: 'sweep: two at once', marked: 'other sweep at work', remove: true},
  {name: 'sweep: its lease never ends', marked: 'other sweep at work', condition: 'lock.holder !== null'},
  {
    name: 'sweep: a boot may take no time',
    exported: 'endFailedBoots',
    wrap: `(rule) => ({...rule, plan: (observed, ...rest) => {
      const pools = observed.pools.map((pool) => ({...pool, bootMinutes: 0}));
      return rule.plan({...observed, pools}, ...rest);
    }})`,
  },
  {
    name: 'sweep: a machine that powers itself off during its boot does not count',
    marked: 'ended during its boot',
    condition: 'true',
  },
  {
    name: 'sweep: a preemption during the boot is a failed boot',
    marked: 'preempted during its boot',
    condition: 'false',
  },
  {
    name: 'sweep: a runner that has run its job has failed to boot',
    marked: 'ran no job',
    value: 'failure !== undefined',
  },
  {
    name: 'sweep: queued jobs that nobody heard of are left alone',
    marked: 'uncovered job',
    before: 'if (!stored) return undefined;',
  },
  {name: 'sweep: a lost stop is not mended', marked: 'ending is under way', condition: 'true'},
  {name: 'sweep: ghosts stay', exported: 'deregisterGhosts', wrap: IDLE},
  {name: 'sweep: an end that nobody heard of is not told', marked: 'end of job not told', value: 'undefined'},
  {name: 'sweep: orphans stay', exported: 'deleteOrphans', wrap: IDLE},
  {
    name: 'sweep: an orphan is deleted under its job',
    marked: 'orphan runs a job',
    remove: true,
    also: {exported: 'isUnused', wrap: '() => () => true'},
  },
  {name: 'sweep: stalled creations stay', exported: 'resumeStalledCreations', wrap: IDLE},
  {name: 'sweep: a lost slot stays lost', exported: 'freeLostSlots', wrap: IDLE},
  {
    name: 'sweep: no second page of what is on record',
    marked: 'last stored page',
    condition: 'true',
    also: {marked: 'stored page size', value: '1'},
  },
  {
    name: 'no pagination',
    marked: 'next page of list',
    before: 'return read();',
  },
  {
    name: 'sweep: what it ends is not deregistered first',
    marked: 'deregister before end',
    value: "'deleted'",
  },
  {
    name: 'a spot machine whose runner ended at the notice is deleted before anybody asks why it ended',
    marked: 'perhaps preempted',
    condition: 'false',
  },
];
