import type {RecentJob, UnservedJob, WaitingJob} from './answers';
import {Section} from './confirm';
import {describe, partsOf, TimelineBar} from './timeline';
import {clockTime, duration, sentence} from './times';

/** How much of the past the bars show at most, in milliseconds. */
const WINDOW_MS = 30 * 60_000;

export function JobLink({url, text}: {readonly url: string | null; readonly text: string}) {
  return url ? (
    <a href={url} target="_blank" rel="noreferrer">
      {text}
    </a>
  ) : (
    <span>{text}</span>
  );
}

function Labels({labels}: {readonly labels: readonly string[]}) {
  return (
    <span class="labels">
      {labels.map((label) => (
        <code key={label}>{label}</code>
      ))}
    </span>
  );
}

/** Jobs that need a runner, each with the reason why it has none. */
export function WaitingJobs({jobs, total}: {readonly jobs: readonly WaitingJob[]; readonly total: number}) {
  return (
    <Section title={`Waiting jobs (${total})`} id="waiting">
      {jobs.length === 0 ? (
        <p class="quiet">No job waits.</p>
      ) : (
        <ul class="rows">
          {jobs.map((job) => (
            <li key={`${job.id}-${job.attempt}`}>
              <div class="head">
                <JobLink url={job.url} text={`${job.repository} ${job.id}`} />
                <span class="tag">{job.pool}</span>
                <Labels labels={job.labels} />
                <span class="age">{duration(job.age_seconds)}</span>
              </div>
              <p>
                <strong>{job.verdict.replaceAll('_', ' ')}</strong>: {sentence(job.because)}{' '}
                <span class="do">{job.do}</span>
              </p>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

/** Jobs that no pool takes although they ask for a label that some pool knows. */
export function UnservedJobs({jobs}: {readonly jobs: readonly UnservedJob[]}) {
  if (jobs.length === 0) return null;
  return (
    <Section title={`No pool takes (${jobs.length})`} id="unserved">
      <ul class="rows">
        {jobs.map((job) => (
          <li key={`${job.url} ${job.repository} ${job.because}`}>
            <div class="head">
              <JobLink url={job.url} text={job.id === undefined ? job.repository : `${job.repository} ${job.id}`} />
              <Labels labels={job.labels} />
            </div>
            <p>
              <strong>{job.verdict.replaceAll('_', ' ')}</strong>: {sentence(job.because)}{' '}
              {job.do && <span class="do">{job.do}</span>}
            </p>
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** The way of each job that runs or ended a while ago, on one axis. */
export function Ways({jobs, now}: {readonly jobs: readonly RecentJob[]; readonly now: number}) {
  const ways = jobs.map((job) => ({job, parts: partsOf(job.timeline, now)}));
  const begun = ways.flatMap(({parts}) => parts.map(({from}) => from));
  const from = Math.max(now - WINDOW_MS, Math.min(now - 60_000, ...begun));
  return (
    <Section title="Jobs" id="jobs">
      {ways.length === 0 ? (
        <p class="quiet">No job has begun yet. A queued job appears here within seconds.</p>
      ) : (
        <>
          <p class="legend" aria-hidden="true">
            <span class="part waiting" /> queued <span class="part booting" /> booting <span class="part running" />{' '}
            running <span class="part ending" /> being deleted
          </p>
          <ul class="rows ways">
            {ways.map(({job, parts}) => (
              <li key={`${job.id}-${job.attempt}`}>
                <div class="head">
                  <JobLink url={job.url} text={`${job.repository} ${job.id}`} />
                  <span class="tag">{job.pool}</span>
                  <span class="age">{job.status.replace('_', ' ')}</span>
                </div>
                <TimelineBar parts={parts} from={from} to={now} />
                <p class="quiet">{describe(parts)}</p>
              </li>
            ))}
          </ul>
          <p class="axis" aria-hidden="true">
            <span>{clockTime(from)}</span>
            <span>{clockTime(now)}</span>
          </p>
        </>
      )}
    </Section>
  );
}
