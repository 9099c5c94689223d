/**
 * Whether a play is over: every job is completed and no VM is left, but for those that were there before, which are stopped. A VM of a job
 * that has powered itself off is not gone yet.
 */
export function isOver(
  jobs: readonly {readonly status: string}[],
  instances: readonly {readonly name: string; readonly status: string}[],
  persistent: ReadonlySet<string>,
): boolean {
  return (
    jobs.every(({status}) => status === 'completed') &&
    instances.every(({name, status}) => persistent.has(name) && status === 'TERMINATED')
  );
}
