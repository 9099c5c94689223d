import {useState} from 'preact/hooks';
import type {Explanation} from './answers';
import {ask, messageOf} from './client';
import {Section} from './confirm';
import {JobLink} from './jobs';
import {Steps} from './timeline';
import {sentence} from './times';

/** The field that takes a job's id or the address of its page at GitHub, and says why it waits. */
export function Explain() {
  const [job, setJob] = useState('');
  const [answer, setAnswer] = useState<Explanation>();
  const [problem, setProblem] = useState('');
  const [isAsking, setAsking] = useState(false);
  const explain = async (event: Event) => {
    event.preventDefault();
    if (job.trim() === '') return;
    setAsking(true);
    setProblem('');
    setAnswer(undefined);
    try {
      setAnswer(await ask<Explanation>(`explain?job=${encodeURIComponent(job.trim())}`));
    } catch (error) {
      setProblem(messageOf(error));
    }
    setAsking(false);
  };
  return (
    <Section title="A job" id="explain">
      <form class="explain" onSubmit={(event) => void explain(event)}>
        <label for="job">Why does this job wait?</label>
        <div class="field">
          <input
            id="job"
            value={job}
            onInput={(event) => setJob(event.currentTarget.value)}
            placeholder="address of the job at GitHub, or its id"
            autocomplete="off"
            spellcheck={false}
          />
          <button type="submit" class="primary" disabled={isAsking}>
            Explain
          </button>
        </div>
      </form>
      <div role="status">
        {isAsking ? <p>Asking GitHub …</p> : null}
        {problem ? <p class="wrong">{problem}</p> : null}
        {answer ? <Answer answer={answer} /> : null}
      </div>
    </Section>
  );
}

function Answer({answer: {job, verdict, because, do: next, timeline}}: {readonly answer: Explanation}) {
  return (
    <div class="answer">
      {job ? <JobLink url={job.url} text={`${job.repository} ${job.id}`} /> : null}
      <p>
        <strong>{verdict.replaceAll('_', ' ')}</strong>: {sentence(because)}
      </p>
      <p class="do">{next}</p>
      <Steps timeline={timeline} />
    </div>
  );
}
