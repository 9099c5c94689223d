import {readFileSync} from 'node:fs';
import type {Problems} from './problems';
import type {Variables} from './variables';

/** The text of the pools, and the variable that it is from. */
export interface RunnerConfigText {
  readonly root: string;
  readonly text: string;
}

const EXPECTED = 'the pools as YAML or JSON in RUNNER_CONFIG, or the path of a file with them in RUNNER_CONFIG_FILE';

/** Reads the file synchronously: it is part of the start, as the environment is. */
export function readRunnerConfig(variables: Variables, problems: Problems): RunnerConfigText | undefined {
  const text = variables.text('RUNNER_CONFIG');
  const path = variables.text('RUNNER_CONFIG_FILE');
  if (text !== undefined && path !== undefined) {
    problems.report('RUNNER_CONFIG_FILE', 'RUNNER_CONFIG as well', 'only one of the two');
  }
  if (text !== undefined) return {root: 'RUNNER_CONFIG', text};
  if (path === undefined) {
    if (variables.isRequired('RUNNER_CONFIG')) problems.report('RUNNER_CONFIG', 'nothing', EXPECTED);
    return undefined;
  }
  try {
    return {root: 'RUNNER_CONFIG_FILE', text: readFileSync(path, 'utf8')};
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'an error';
    problems.report('RUNNER_CONFIG_FILE', `${problems.describe(path)} (${code})`, 'the path of a readable file');
    return undefined;
  }
}
