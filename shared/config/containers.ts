import {split} from 'shlex';
import {checkPlaceholders} from '../model/placeholders';
import {type ContainerDefaults, VARIABLE} from '../model/settings';
import {type Problems, present, type Variables} from './variables';

/** A variable `runnerenv_X` of the functions is the variable `X` of every container. */
const PREFIX = 'runnerenv_';

/**
 * What the environment says for every pool whose machines are containers: `runnerenv_<name>` and `RUNNER_COMMAND`. Values may hold secrets, so
 * errors show none. Whether `{registration_token}` may stand in one depends on the pool: it passes here.
 */
export function readContainerDefaults(variables: Variables, problems: Problems): ContainerDefaults {
  const env = variables.withPrefix(PREFIX);
  for (const [name, value] of env) {
    const path = `${PREFIX}${name}`;
    if (!VARIABLE.test(name)) {
      problems.report(path, 'a variable of this name', `${PREFIX} and the name of a variable: letters, digits and _`);
    }
    checkPlaceholders(value, path, problems, true);
  }
  const command = variables.read(
    'RUNNER_COMMAND',
    'a command in words, as a shell splits them; every quotation mark has its second',
    commandWords,
  );
  checkPlaceholders(command, 'RUNNER_COMMAND', problems, true);
  return {env: Object.fromEntries(env), ...present({command})};
}

function commandWords(text: string): readonly string[] | undefined {
  try {
    const words = split(text);
    return words.length > 0 ? words : undefined;
  } catch {
    return undefined;
  }
}
