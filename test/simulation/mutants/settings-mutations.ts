import type {Mutation} from './mutation';

/** Mistakes in what the settings of pools mean: limits, drained pools, labels. */
export const SETTINGS_MUTATIONS: readonly Mutation[] = [
  {name: 'settings: the limit over all pools is not kept', marked: 'limit over all pools', value: 'null'},
  {
    name: 'settings: a drained pool makes one more runner',
    marked: 'drained pool',
    condition: 'false',
  },
  {
    name: 'settings: a freed place serves its own pool alone',
    exported: 'openJobsToServe',
    wrap: `(original) => async (context, pool, limit) =>
      (await original(context, pool, limit)).filter(({own}) => own === null)`,
  },
  {
    name: 'settings: a place over all pools is given away with its pool’s slot, and stays taken',
    exported: 'readKeptSlots',
    wrap: '(original) => async (...args) => (await original(...args)).slice(0, 1)',
  },
  {
    name: 'settings: patterns are compared as they are written',
    exported: 'wildcardMatches',
    wrap: '(original) => (pattern, text) => original(pattern.replaceAll("*", "\\u2217"), text)',
  },
  {
    name: 'settings: a job without labels is nobody’s',
    exported: 'matchJob',
    wrap: `(original) => (job, pools) =>
      job.labels.length > 0 ? original(job, pools) : {kind: 'ignored', reason: 'no_labels', detail: ''}`,
  },
  {
    name: 'settings: a runner is registered without the labels made for its job',
    exported: 'registrationLabels',
    wrap: '(original) => (pool, asked) => original(pool, asked.filter((label) => pool.requires.includes(label)))',
  },
];
