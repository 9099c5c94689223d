import type {GitHub} from './github';

/**
 * After a 409, or a generate-jitconfig whose answer was lost: is anything registered under this name? A registration that
 * is offline and idle is one whose JIT config nobody holds: it is removed. One that is online or busy is a living twin and
 * stays. After `removed`, take another name: GitHub may go on answering 409 to this one for a while.
 */
export async function settleRegistration(
  github: Pick<GitHub, 'findRunner' | 'deleteRunner'>,
  name: string,
): Promise<'absent' | 'removed' | 'alive'> {
  const runner = await github.findRunner(name);
  if (!runner) return 'absent';
  if (runner.status === 'online' || runner.busy) return 'alive';
  return (await github.deleteRunner(runner.id)) === 'busy' ? 'alive' : 'removed';
}
