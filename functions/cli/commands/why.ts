import {Explanation} from '../answers';
import {type AddCommand, action, type Found} from '../command';
import {formatExplanation} from '../explanation-view';
import {printJson} from '../session';

/** Nobody knows the job, or nobody tries it any more: somebody has to do something. */
const FOUND_WRONG: readonly string[] = ['unknown_job', 'given_up'];

export const addWhy: AddCommand = (program, setting) => {
  program
    .command('why')
    .summary('explain why a job waits')
    .description(
      'Explain why a job waits, and what to do. Exit code 1: the job is not known (unknown_job) or was given up (given_up).',
    )
    .argument('<job>', "the URL of the job's page at GitHub, its id, or <id>-<attempt>")
    .action(
      action(setting, async (session, _: object, job: string): Promise<Found | undefined> => {
        const {raw, value} = await session.client().request(Explanation, {
          path: '/explain',
          query: {job},
          names: {job: '<job>'},
        });
        if (session.json) printJson(session, raw);
        else session.terminal.print(formatExplanation(value, session.terminal, session.host.clock.now()));
        return FOUND_WRONG.includes(value.verdict) ? 1 : undefined;
      }),
    );
};
