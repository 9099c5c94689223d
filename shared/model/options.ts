import {isOption, OPTION, OPTION_NAMES, type OptionName, wildcardMatches} from './labels';
import type {OptionPolicy, Pool, Spot} from './pool';

/** What a job has chosen. Left out: the setting of the pool, or of its template, holds. */
export interface MachineOptions {
  readonly machine?: string;
  /** GB of the boot disk. */
  readonly disk?: number;
  readonly spot?: Spot;
  readonly cpus?: number;
  /** As Docker takes it: `8g`, or bytes. */
  readonly memory?: string;
}

/** `refused`: the pool does not allow what `label` says; `because` is a part of a sentence about the pool. */
export type ChosenOptions =
  | {readonly kind: 'allowed'; readonly options: MachineOptions}
  | {readonly kind: 'refused'; readonly label: string; readonly because: string};

const SPOTS: readonly string[] = ['never', 'prefer', 'only'] satisfies Spot[];

/** A machine type as the providers name theirs, in lower case: a part of a path, whatever a pattern allows. */
const MACHINE_TYPE = /^[a-z0-9][a-z0-9.-]{0,62}$/;

/** Memory as Docker takes it, in lower case. */
const MEMORY = /^([1-9]\d{0,15})([bkmg]?)$/;
const UNITS: Readonly<Record<string, number>> = {'': 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3};

/** With less no runner starts. A failed boot counts for the whole pool, so one job could hold back all others. */
const LEAST_CPUS = 0.1;
const LEAST_MEMORY = '256m';

/** Memory in bytes, of a text such as `8g`; undefined: it is none. */
export function memoryBytes(text: string): number | undefined {
  const [, number, unit = ''] = MEMORY.exec(text.toLowerCase()) ?? [];
  return number === undefined ? undefined : Number(number) * (UNITS[unit] ?? 1);
}

/** What the labels choose of a machine of the pool, and whether the pool allows it. `labels`: without case; those that are no options do not matter. */
export function chooseOptions(
  pool: Pick<Pool, 'requires' | 'offers' | 'options'>,
  labels: readonly string[],
): ChosenOptions {
  const {options: policy = {}} = pool;
  let options: MachineOptions = {};
  for (const label of new Set(labels.map((one) => one.toLowerCase()))) {
    const [, word, value = ''] = (isOption(pool, label) && OPTION.exec(label)) || [];
    const name = OPTION_NAMES.find((each) => each === word);
    if (name === undefined) continue;
    if (options[name] !== undefined) {
      return {kind: 'refused', label, because: `does not allow ${label} beside ${name}=${options[name]}`};
    }
    const because = refusalOf(policy, name, value);
    if (because !== undefined) return {kind: 'refused', label, because: `does not allow ${label}: ${because}`};
    options = {...options, ...readOption(name, value)};
  }
  return {kind: 'allowed', options};
}

/** The options that the labels choose of a machine of the pool, where the pool allows them all; else none. */
export function optionsOf(pool: Parameters<typeof chooseOptions>[0], labels: readonly string[]): MachineOptions {
  const chosen = chooseOptions(pool, labels);
  return chosen.kind === 'allowed' ? chosen.options : {};
}

/** Why the pool does not allow the value; undefined: it does. */
function refusalOf(policy: OptionPolicy, name: OptionName, value: string): string | undefined {
  const allowed = policy[name];
  if (allowed === undefined || allowed === false) return `its options do not list ${name}`;
  switch (name) {
    case 'machine': {
      const {machine = []} = policy;
      const isAllowed = MACHINE_TYPE.test(value) && machine.some((pattern) => wildcardMatches(pattern, value));
      return isAllowed ? undefined : `only ${machine.join(', ')}`;
    }
    case 'disk': {
      const {disk = 0} = policy;
      return /^[1-9]\d{0,6}$/.test(value) && Number(value) <= disk ? undefined : `only whole GB, at most ${disk}`;
    }
    case 'spot':
      return SPOTS.includes(value) ? undefined : `only ${SPOTS.join(', ')}`;
    case 'cpus': {
      const {cpus = 0} = policy;
      const isNumber = /^\d{1,6}(\.\d{1,3})?$/.test(value) && Number(value) >= LEAST_CPUS;
      return isNumber && Number(value) <= cpus
        ? undefined
        : `only a number of processors, at least ${LEAST_CPUS} and at most ${cpus}`;
    }
    case 'memory': {
      const {memory = '0'} = policy;
      const asked = memoryBytes(value);
      const least = memoryBytes(LEAST_MEMORY) ?? 0;
      const isWithin = asked !== undefined && asked >= least && asked <= (memoryBytes(memory) ?? 0);
      return isWithin ? undefined : `only memory such as 512m or bytes, at least ${LEAST_MEMORY} and at most ${memory}`;
    }
  }
}

function readOption(name: OptionName, value: string): MachineOptions {
  return name === 'disk' || name === 'cpus' ? {[name]: Number(value)} : {[name]: value};
}
