import {readdirSync, readFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import type {Environment} from '../../shared/config/variables';
import {readJsonTfvars, readTfvars, type Setting} from './tfvars';

/** The pools of a deployment, and where they were found, for people. */
export interface DeployedPools {
  readonly source: string;
  readonly text: string;
}

interface Found {
  readonly source: string;
  readonly setting: Setting;
}

const VARIABLE = 'pools';

/**
 * The variable `pools` as `terraform plan` with these arguments gets it in `folder`: the last one of the environment, `terraform.tfvars`,
 * `terraform.tfvars.json`, `*.auto.tfvars` and the command line. Throws an `Error` for people where there is none, or none that can be read.
 *
 * @see https://developer.hashicorp.com/terraform/language/values/variables#variable-definition-precedence
 */
export function findPools(folder: string, args: readonly string[], env: Environment): DeployedPools {
  const found = [...fromEnvironment(env), ...fromFolder(folder), ...fromArguments(folder, args)];
  const last = found.findLast(({setting}) => setting.kind !== 'absent');
  if (last?.setting.kind === 'text') return {source: last.source, text: last.setting.text};
  const what = last?.setting.kind === 'unreadable' ? `${last.source}: ${last.setting.because}` : 'it is not there';
  throw new Error(
    `found no variable ${VARIABLE} of ${folder} that could be checked (${what}): set it in terraform.tfvars, or name the file of the pools with --pools=FILE`,
  );
}

/** The file that stands for the variable, for a configuration that takes its pools from elsewhere: `pools = file("pools.yaml")`. */
export function readPools(path: string): DeployedPools {
  return {source: path, text: read(path)};
}

function fromEnvironment(env: Environment): Found[] {
  const text = env[`TF_VAR_${VARIABLE}`];
  return text === undefined ? [] : [{source: `TF_VAR_${VARIABLE}`, setting: {kind: 'text', text}}];
}

function fromFolder(folder: string): Found[] {
  const names = readdirSync(folder).sort();
  const read = ['terraform.tfvars', 'terraform.tfvars.json'].filter((name) => names.includes(name));
  const automatic = names.filter((name) => /\.auto\.tfvars(\.json)?$/.test(name));
  return [...read, ...automatic].map((name) => fromFile(join(folder, name)));
}

/** `-var` and `-var-file`, whose paths begin in `folder`. */
function fromArguments(folder: string, args: readonly string[]): Found[] {
  return args.flatMap((arg, index): Found[] => {
    const [, option, joined] = /^--?(var|var-file)(?:=([\s\S]*))?$/.exec(arg) ?? [];
    const value = joined ?? args[index + 1] ?? '';
    if (option === 'var-file') return [fromFile(resolve(folder, value))];
    if (option !== 'var' || !value.startsWith(`${VARIABLE}=`)) return [];
    return [{source: `-var ${VARIABLE}`, setting: {kind: 'text', text: value.slice(VARIABLE.length + 1)}}];
  });
}

function fromFile(path: string): Found {
  const readSetting = path.endsWith('.json') ? readJsonTfvars : readTfvars;
  return {source: path, setting: readSetting(read(path), VARIABLE)};
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'an error';
    throw new Error(`${path} cannot be read (${code})`);
  }
}
