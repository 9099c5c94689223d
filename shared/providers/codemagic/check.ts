import {withDeadline} from '../../clock';
import {Unavailable} from '../../errors';
import {type Finding, failedFinding, QUESTION_MS} from '../provider';
import type {BuildPage} from './answers';
import type {Codemagic} from './client';
import type {CodemagicPool} from './config';
import {REFUSED_TOKEN, withCodemagicErrors} from './failure';
import {hasEnded} from './find';
import type {Build} from './ours';

interface CheckOptions {
  readonly codemagic: Pick<Codemagic, 'getApplication' | 'listBuilds'>;
  readonly pool: CodemagicPool;
}

const NOTHING_TO_DO = 'Nothing to do.';

/** So many of the workflow's builds that ended last are looked at. */
const LAST_BUILDS = 3;

/**
 * Whether a build of the pool could start now: the token is accepted, the application and its branch are there, the workflow's last builds did
 * not fail, and no build of the team waits for a machine. Reads afresh, and changes nothing. CodeMagic tells neither the workflows of a
 * codemagic.yaml, which it reads at each build, nor how many concurrencies a team has.
 */
export async function checkPool(options: CheckOptions): Promise<readonly Finding[]> {
  const {codemagic, pool} = options;
  const page = ask(codemagic.listBuilds(pool.provider.team));
  const [ofApplication, ...others] = await Promise.all([
    found(application(options)),
    found(page.then((read) => workflow(pool, read))),
    found(
      page.then((read) => queue(pool, read)),
      'quota',
    ),
  ]);
  // Said once: every other question is refused for the same reason.
  const isSaid = ({because}: Finding) => because.includes(REFUSED_TOKEN);
  if (!isSaid(ofApplication)) return [ofApplication, ...others];
  const notAsked = {status: 'skipped', because: 'CodeMagic does not accept the token', do: ofApplication.do} as const;
  return [ofApplication, ...others.map((one) => (isSaid(one) ? {...one, ...notAsked} : one))];
}

async function application({codemagic, pool: {provider}}: CheckOptions): Promise<Finding> {
  const {app, branch} = provider;
  const seen = await ask(codemagic.getApplication(app));
  if (!seen) {
    const because = `CodeMagic knows no application ${app}, or the user of CODEMAGIC_TOKEN does not see it`;
    return {status: 'error', because, do: 'Correct app of the pool, or use the token of a user of its team.'};
  }
  const {name, branches} = seen;
  if (branches && branches.length > 0 && !branches.includes(branch)) {
    const because = `application ${name} has no branch ${branch} that CodeMagic knows`;
    return {status: 'warning', because, do: 'Push the branch with codemagic.yaml, or correct branch of the pool.'};
  }
  return {status: 'ok', because: `application ${name} is there, and the token may read it`, do: NOTHING_TO_DO};
}

function workflow({provider}: CodemagicPool, {builds}: BuildPage): Finding {
  const {app, workflow: name, branch} = provider;
  const ended = builds.filter((build) => isOf(build, app, name) && hasEnded(build.status)).slice(0, LAST_BUILDS);
  if (ended.length > 0 && ended.every(({status}) => status === 'failed' || status === 'skipped')) {
    const because = `the last ${ended.length} builds of workflow ${name} failed`;
    return {status: 'warning', because, do: 'Look at them at CodeMagic: codemagic.yaml may lack the workflow.'};
  }
  const because =
    ended.length > 0
      ? `the last builds of workflow ${name} did not fail`
      : `workflow ${name} had no build yet: it is read from codemagic.yaml of branch ${branch} when one starts`;
  return {status: 'ok', because, do: NOTHING_TO_DO};
}

function isOf(build: Build, app: string, workflowName: string): boolean {
  return build.app === app && build.workflow === workflowName;
}

/** A build that waits shows that every concurrency of the team is in use. */
function queue({provider}: CodemagicPool, {builds}: BuildPage): Finding {
  const live = builds.filter(({status}) => !hasEnded(status));
  const waiting = live.filter(({status}) => status === 'queued').length;
  const running = live.length - waiting;
  if (waiting > 0) {
    const because = `${waiting} builds of team ${provider.team} wait for a machine while ${running} run: all of its concurrencies are in use`;
    return {status: 'warning', because, do: 'Set maxRunners to the concurrencies of the team, or buy more of them.'};
  }
  return {
    status: 'ok',
    because: `no build of team ${provider.team} waits for a machine, ${running} run`,
    do: NOTHING_TO_DO,
  };
}

function ask<T>(question: Promise<T>): Promise<T> {
  const silent = () => new Unavailable(`CodeMagic did not answer within ${QUESTION_MS / 1000} s`, 10);
  return withDeadline(QUESTION_MS, withCodemagicErrors(question), silent);
}

async function found(question: Promise<Finding>, about?: 'quota'): Promise<Finding> {
  const subject = about ? {about} : {};
  try {
    return {...subject, ...(await question)};
  } catch (error) {
    return {...subject, ...failedFinding(error)};
  }
}
