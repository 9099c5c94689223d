import type {Mutation} from './mutation';

const provider = 'gce+ec2';

/** Mistakes about jobs that another pool serves, and about machines that jobs choose. */
export const FALLBACK_MUTATIONS: readonly Mutation[] = [
  {name: 'fallback: the job keeps its slot of its own pool', marked: 'slot given back', value: '[]', provider},
  {
    name: 'fallback: its runner has the labels of the pool alone',
    marked: 'labels of a fallback',
    value: '[...to.requires]',
    provider,
  },
  {
    name: 'fallback: the options of the job do not count',
    marked: 'options of a fallback',
    value: 'undefined',
    provider,
  },
  {name: 'option: the machine type is that of the pool', marked: 'chosen machine', value: 'machineTypes', provider},
  {
    name: 'option: spot is that of the pool',
    marked: 'chosen spot',
    value: '({spot, ...(types ? {machineTypes: types} : {})})',
    provider,
  },
  {name: 'option: the disk is that of the template', exported: 'disksFor', wrap: '() => () => ({})', provider},
  {
    name: 'all: the job keeps its slot of its own pool',
    marked: 'slot given back',
    value: '[]',
    provider: 'all',
  },
  {
    name: 'all: a runner of another provider has the labels of its pool alone',
    marked: 'labels of a fallback',
    value: '[...to.requires]',
    provider: 'all',
  },
  {
    name: 'all: a job gets runners of its own pool alone',
    exported: 'mayHaveRunnerOf',
    wrap: '() => (_, name, job) => name === job.pool',
    provider: 'all',
  },
];
