import {parseConfig} from '../../shared/config/config';
import {readContainerDefaults} from '../../shared/config/containers';
import {Problems, Variables} from '../../shared/config/variables';
import {COMPLETE, problemsOf} from './environments';

function read(env: Record<string, string>) {
  const problems = new Problems();
  return readContainerDefaults(new Variables(env, new Set(), problems), problems);
}

test('variables of containers have the prefix taken off, in the case in which they are written, with spaces and empty values', () => {
  const env = {
    runnerenv_RUNNER_NAME: '{runner_name}',
    runnerenv_http_proxy: ' http://p ',
    runnerenv_EMPTY: '',
    RUNNERENV_X: 'x',
  };
  expect(read(env)).toEqual({env: {RUNNER_NAME: '{runner_name}', http_proxy: ' http://p ', EMPTY: ''}});
});

test.each([
  ['./run.sh', ['./run.sh']],
  [`./run.sh --name "two words" 'and {pool}' a\\ b ''`, ['./run.sh', '--name', 'two words', 'and {pool}', 'a b', '']],
  ['sh -c "echo $HOME; exec ./run.sh # now"', ['sh', '-c', 'echo $HOME; exec ./run.sh # now']],
])('RUNNER_COMMAND=%s is split as a shell splits words', (command, words) => {
  expect(read({RUNNER_COMMAND: command}).command).toEqual(words);
});

test.each([
  [{RUNNER_COMMAND: `run "once`}, /^RUNNER_COMMAND: "run \\"once" → a command in words/],
  [{RUNNER_COMMAND: 'run {nonsense}'}, /^RUNNER_COMMAND\[1\]: the placeholder \{nonsense\} → one of \{scope_name\}, /],
  [{runnerenv_KEY: 'sekrit{nonsense}'}, /^runnerenv_KEY: the placeholder \{nonsense\} → one of /],
  [{'runnerenv_A-B': 'x'}, /^runnerenv_A-B: a variable of this name → /],
])('%j is an error that shows no value of a variable', (env, expected) => {
  const problems = problemsOf(() => parseConfig({...COMPLETE, ...env}, 'provision'));
  expect(problems).toEqual([expect.stringMatching(expected)]);
  expect(problems[0]).not.toContain('sekrit');
});
