import {type Mutation, UNASKED_MACHINE} from './mutation';

/** What stands behind the list of executions: those on record are asked for by their names. */
const UNASKED = {marked: 'executions on record', value: '[] as {id: string; region: string}[]'} as const;

/** Mistakes with machines that their provider names, and that nobody can label. */
export const CLOUD_RUN_MUTATIONS: readonly Mutation[] = [
  {
    name: 'cloud-run: executions of other deployments are ours',
    marked: 'executions of this deployment',
    value: 'env[RUNNER] !== undefined',
    provider: 'cloud-run',
  },
  {
    name: 'cloud-run: a lost answer starts a second execution',
    exported: 'startExecution',
    wrap: `(original) => async (options, request) => {
      const first = await original(options, request);
      return first.kind === 'uncertain' ? original(options, request) : first;
    }`,
    also: {marked: 'look after a lost answer', value: 'undefined'},
    provider: 'cloud-run',
  },
  {
    name: 'cloud-run: the list ends too early',
    marked: 'end of the list',
    condition: 'execution.createdAtMs !== undefined && execution.createdAtMs < since + 6.4 * 3_600_000',
    also: [UNASKED, UNASKED_MACHINE],
    provider: 'cloud-run',
  },
  {
    name: 'cloud-run: a job that was not listed has no executions',
    marked: 'job that was not listed',
    remove: true,
    also: [UNASKED, UNASKED_MACHINE],
    provider: 'cloud-run',
  },
  {
    name: 'cloud-run: by its name every execution of the pool is the runner’s',
    marked: 'executions of the runner',
    value: 'lists.flat().filter((one) => isOwnExecution(deployment, one))',
    provider: 'cloud-run',
  },
  {
    name: 'cloud-run: an execution is deleted without being cancelled',
    marked: 'cancel before the deletion',
    value: "'ended' as string",
    provider: 'cloud-run',
  },
];
