import {useEffect, useState} from 'preact/hooks';
import type {ActiveRunner, DeadLetter, Status} from './answers';
import {ask} from './client';
import {type Action, Section} from './confirm';
import {JobLink} from './jobs';
import {duration, secondsSince} from './times';

/** Open circuit breakers. */
export function Breakers({breakers, now}: {readonly breakers: Status['breakers']; readonly now: number}) {
  if (breakers.length === 0) return null;
  return (
    <Section title="Open breakers" id="breakers">
      <ul class="rows">
        {breakers.map(({name, since, message}) => (
          <li key={name}>
            <div class="head">
              <span class="name">{name}</span>
              <span class="age">{duration(secondsSince(since, now))}</span>
            </div>
            <p>{message}</p>
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** Tasks that were given up. They are read again when their number changes. */
export function DeadLetters({count, onAction}: {readonly count: number; readonly onAction: (action: Action) => void}) {
  const [letters, setLetters] = useState<readonly DeadLetter[]>([]);
  useEffect(() => {
    if (count === 0) {
      setLetters([]);
      return;
    }
    ask<{readonly deadletters: readonly DeadLetter[]}>('deadletters?per_page=50').then(
      ({deadletters}) => setLetters(deadletters),
      () => undefined,
    );
  }, [count]);
  if (count === 0) return null;
  return (
    <Section title={`Given up (${count})`} id="deadletters">
      <ul class="rows">
        {letters.map((letter) => (
          <li key={letter.id}>
            <div class="head">
              <JobLink url={letter.url} text={letter.job ?? letter.id} />
              <span class="age">
                {letter.attempts} attempts{letter.count > 1 ? `, ${letter.count} times` : ''}
              </span>
            </div>
            <p>{letter.error}</p>
            <div class="buttons">
              <button type="button" onClick={() => onAction(retryOf(letter))}>
                Retry {letter.job ?? letter.id}
              </button>
            </div>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function retryOf({id, job}: DeadLetter): Action {
  return {
    title: `Retry ${job ?? id}`,
    consequence: 'The task is created again, the job needs a runner again, and the dead letter is deleted.',
    run: async () => {
      await ask(`deadletters/${encodeURIComponent(id)}/retry`, {method: 'POST'});
      return 'The task is in its queue.';
    },
  };
}

/** Runners that are not over, each with a button that ends it. */
export function Runners({
  runners,
  total,
  onAction,
}: {
  readonly runners: readonly ActiveRunner[];
  readonly total: number;
  readonly onAction: (action: Action) => void;
}) {
  if (runners.length === 0) return null;
  return (
    <Section title={`Runners (${total})`} id="runners">
      <ul class="rows compact">
        {runners.map((runner) => (
          <li key={runner.name}>
            <div class="head">
              <span class="name">{runner.name}</span>
              <span class="tag">{runner.state}</span>
              <span class="age">{runner.running_seconds === null ? '' : duration(runner.running_seconds)}</span>
              <button type="button" aria-label={`End ${runner.name}`} onClick={() => onAction(endOf(runner))}>
                End
              </button>
            </div>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function endOf({name}: ActiveRunner): Action {
  return {
    title: `End ${name}`,
    consequence: 'The runner is deregistered and its machine is deleted. If it runs a job, nothing happens.',
    run: async () => {
      const {status} = await ask<{readonly status: string}>(`runners/${encodeURIComponent(name)}`, {method: 'DELETE'});
      return `It is ${status.replaceAll('_', ' ')}.`;
    },
  };
}
