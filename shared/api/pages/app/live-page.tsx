import {useState} from 'preact/hooks';
import type {Finding, Info, Status} from './answers';
import {ask, logOutUrl, messageOf} from './client';
import {type Action, Confirm, Section} from './confirm';
import {Costs} from './costs';
import {Explain} from './explain';
import {HostsAndStandby} from './hosts';
import {UnservedJobs, WaitingJobs, Ways} from './jobs';
import {usePolled} from './polling';
import {Pools} from './pools';
import {Breakers, DeadLetters, Runners} from './problems';
import {clockTime, duration, sentence} from './times';

/** How often the page asks while it is visible. */
const EVERY_MS = 3_000;
const HOURLY = 3_600_000;
/** What is missing of the place of a pool is known only once the function has looked for it. */
const MINUTELY = 60_000;
const DOCTOR_MS = 40_000;

export function LivePage() {
  const {value: status, at, problem, again} = usePolled<Status>('status', EVERY_MS);
  const {value: info} = usePolled<Info>('', HOURLY);
  const {value: health} = usePolled<{readonly status: string}>('health', MINUTELY);
  const [action, setAction] = useState<Action>();
  // Times in the answer are by the clock of the function, which may differ from the browser's.
  const now = status ? Date.parse(status.at) : Date.now();
  return (
    <>
      <header>
        <h1>Slipway</h1>
        {info ? (
          <span class="quiet">
            {info.deployment} · {info.version}
          </span>
        ) : null}
        <Sweep status={status} />
        <form method="post" action={logOutUrl()}>
          <button type="submit">Log out</button>
        </form>
      </header>
      <main>
        {problem ? (
          <p class="banner wrong" role="alert">
            {at === undefined ? 'Nothing was read yet' : `What you see is from ${clockTime(at)}`}: {problem}.
          </p>
        ) : null}
        {health?.status === 'misconfigured' ? (
          <p class="banner wrong" role="alert">
            The configuration is invalid, so nothing new is served. The check below names every error.
          </p>
        ) : null}
        {status ? (
          <>
            <NextStep status={status} info={info} />
            <div class="columns">
              <div>
                <WaitingJobs jobs={status.waiting_jobs} total={status.waiting_jobs_total} />
                <UnservedJobs jobs={status.unserved_jobs} />
                <Explain />
                <Ways jobs={status.recent_jobs ?? []} now={now} />
              </div>
              <div>
                <Pools pools={status.pools} configs={info?.runner_configs ?? []} onAction={setAction} />
                <HostsAndStandby status={status} now={now} />
                <Breakers breakers={status.breakers} now={now} />
                <DeadLetters count={status.deadletters} onAction={setAction} />
                <Runners runners={status.active_runners} total={status.active_runners_total} onAction={setAction} />
                <Costs />
                <Doctor />
              </div>
            </div>
          </>
        ) : (
          <p class="quiet">Reading …</p>
        )}
      </main>
      {action ? (
        <Confirm
          action={action}
          onClose={() => {
            setAction(undefined);
            again();
          }}
        />
      ) : null}
    </>
  );
}

function Sweep({status}: {readonly status: Status | undefined}) {
  if (!status) return null;
  const {last_sweep: sweep} = status;
  if (!sweep) return <span class="sweep">no sweep yet</span>;
  const isLate = sweep.age_seconds > 3 * Math.max(60, status.poll_interval_seconds);
  const text = `last sweep ${duration(sweep.age_seconds)} ago`;
  return (
    <span class={isLate || !sweep.ok ? 'sweep wrong' : 'sweep'} title={sweep.because ?? ''}>
      {sweep.because && (isLate || !sweep.ok) ? `${text}: ${sweep.because}` : text}
    </span>
  );
}

/** What to do next where nothing has happened yet. */
function NextStep({status, info}: {readonly status: Status; readonly info: Info | undefined}) {
  if (!info) return null;
  const [first] = info.runner_configs;
  if (!first)
    return (
      <p class="banner">
        No pool is configured yet. Add one to RUNNER_CONFIG and apply: docs/configuration.md shows how.
      </p>
    );
  if (status.github_app === 'missing')
    return (
      <p class="banner">
        There is no GitHub App yet, so no job is found. <a href="./setup">Set it up</a>.
      </p>
    );
  const isQuiet =
    status.active_runners_total + status.waiting_jobs_total + status.unserved_jobs.length + status.deadletters === 0 &&
    (status.recent_jobs ?? []).length === 0;
  if (!isQuiet) return null;
  const labels = (first.requires.length > 0 ? first.requires : (first.offers ?? [])).filter(
    (label) => !label.includes('*'),
  );
  const where = first.org ?? first.repos?.join(', ') ?? '';
  return (
    <p class="banner">
      Nothing has run yet. Start a workflow in {where} with <code>runs-on: [{labels.join(', ')}]</code>; its job appears
      here within seconds.
    </p>
  );
}

/** Checks the deployment on request. */
function Doctor() {
  const [findings, setFindings] = useState<readonly Finding[]>();
  const [problem, setProblem] = useState('');
  const [isAsking, setAsking] = useState(false);
  const check = async () => {
    setAsking(true);
    setProblem('');
    try {
      setFindings((await ask<{readonly findings: readonly Finding[]}>('doctor', {timeoutMs: DOCTOR_MS})).findings);
    } catch (error) {
      setProblem(messageOf(error));
    }
    setAsking(false);
  };
  const wrong = findings?.filter(({status}) => status !== 'ok') ?? [];
  return (
    <Section title="Deployment" id="doctor">
      <button type="button" disabled={isAsking} onClick={() => void check()}>
        Check the deployment
      </button>
      <div role="status">
        {isAsking ? <p>Checking, up to half a minute …</p> : null}
        {problem ? <p class="wrong">{problem}</p> : null}
        {findings && wrong.length === 0 ? <p>All {findings.length} checks are well.</p> : null}
        <ul class="rows">
          {wrong.map(({check: name, status, because, do: next}) => (
            <li key={name + because}>
              <div class="head">
                <span class="name">{name}</span>
                <span class={status === 'error' ? 'tag wrong' : 'tag'}>{status}</span>
              </div>
              <p>
                {sentence(because)} <span class="do">{next}</span>
              </p>
            </li>
          ))}
        </ul>
      </div>
    </Section>
  );
}
