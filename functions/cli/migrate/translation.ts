import {Document, isMap, isSeq, parseAllDocuments} from 'yaml';
import type * as z from 'zod';
import {usage} from '../failure';

/** What the file of the other system does not say. */
export interface Context {
  /** Organisation whose runners are registered there. */
  readonly org?: string;
  /** `owner/name` */
  readonly repo?: string;
  readonly region?: string;
  /** Instance template for every pool; left out: one for each kind of machine, `runner-x64`, `runner-arm64` and `runner-windows`. */
  readonly template?: string;
}

/** As many runners are kept in each minute that `cron` matches. */
export interface Schedule {
  readonly cron: string;
  readonly timezone?: string;
  readonly count: number;
}

/** A pool as it stands in a file of pools. The order of the fields is that of the file. */
export interface TranslatedPool {
  readonly name: string;
  readonly org?: string;
  readonly repos?: readonly string[];
  readonly requires?: readonly string[];
  readonly offers?: readonly string[];
  readonly runnerGroup?: string;
  readonly maxRunners?: number;
  readonly minIdle?: number | readonly Schedule[];
  readonly bootMinutes?: number;
  readonly idleMinutes?: number;
  readonly rerunOnPreemption?: boolean;
  readonly priority?: number;
  readonly provider: {
    readonly type: 'gce';
    readonly template: string;
    readonly region?: string;
    readonly machineTypes?: readonly string[];
    readonly spot?: 'never' | 'prefer' | 'only';
  };
}

/** A translated configuration: pools, and what a person has to decide or to know. */
export interface Translation {
  readonly pools: readonly {readonly pool: TranslatedPool; readonly remarks: readonly string[]}[];
  /** Of the file as a whole. */
  readonly remarks: readonly string[];
}

/** Translates the parsed file of one system. Throws `Failure` with what was found and what was expected. */
export type Translator = (given: unknown, context: Context) => Translation;

/** The value of a YAML or JSON text; of several YAML documents, a list of their values. */
export function parseText(text: string): unknown {
  const documents = parseAllDocuments(text.replace(/^\uFEFF/, ''), {prettyErrors: false, merge: true});
  const values = [...documents].map((document) => {
    const [error] = document.errors;
    if (error) {
      const line = text.slice(0, error.pos[0]).split('\n').length;
      const what = error.code === 'DUPLICATE_KEY' ? 'a key that stands twice' : 'no YAML and no JSON';
      throw usage(`found ${what} (${error.code} in line ${line}): give the file as the other system reads it`);
    }
    return document.toJS() as unknown;
  });
  const found = values.filter((value) => value !== null && value !== undefined);
  return found.length > 1 ? found.flat() : found[0];
}

/** Checks what was given against what the other system writes. Unknown fields are kept: `reading` tells of them. */
export function expectForm<T>(schema: z.ZodType<T>, given: unknown, what: string): T {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const {path = [], message = ''} = result.error.issues[0] ?? {};
  throw usage(`${path.length > 0 ? path.join('.') : 'the file'}: expected ${what} (${message})`);
}

/** `org` or `repos` of a pool. */
export function scopeOf(
  context: Context,
  names: {org?: string; repo?: string} = {},
): Pick<TranslatedPool, 'org' | 'repos'> {
  const repo = context.repo ?? names.repo;
  if (repo !== undefined) return {repos: [repo]};
  const org = context.org ?? names.org;
  if (org !== undefined) return {org};
  throw usage('this file does not say whose runners they are: give --org NAME or --repo owner/name');
}

/** The name of a pool: the given name in the form of RFC 1035, at most 20 characters, different from those in `taken`, where it is added. */
export function poolName(given: string, taken: Set<string>): string {
  const word = given
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '');
  for (let n = 1; ; n++) {
    const end = n === 1 ? '' : `-${n}`;
    const name = `${(word || 'pool').slice(0, 20 - end.length).replace(/-+$/, '')}${end}`;
    if (taken.has(name)) continue;
    taken.add(name);
    return name;
  }
}

/** What a pool's machines are, as far as the other system says. */
export interface Machines {
  readonly isArm: boolean;
  readonly isWindows?: boolean;
  /** Of Compute Engine, where the other system names one. */
  readonly machineType?: string | undefined;
}

const X64 = 'runner-x64';
const WINDOWS_TEMPLATE = 'runner-windows';

/** A size for Arm, without which Terraform would make the template for another processor. */
const ARM_TYPE = 'c4a-standard-4';
const WINDOWS =
  'this pool is for Windows: its template needs an image of Windows Server; the startup script is not tested on a VM (docs/runner-vm.md)';
const ARM = `machineTypes: ${ARM_TYPE} has 4 vCPUs and 16 GB; another size, or another Arm type where the region has none of these, is yours to choose.`;

/** Where a pool's machines come from, and what to say of it. Terraform makes a template of this name, with the first of the machine types. */
export function machinesOf(
  context: Context,
  {isArm, isWindows = false, machineType}: Machines,
): {provider: TranslatedPool['provider']; remarks: readonly string[]} {
  const {template, region} = context;
  const isGuessed = isArm && !isWindows && template === undefined && machineType === undefined;
  const type = isGuessed ? ARM_TYPE : machineType;
  return {
    provider: {
      type: 'gce',
      template: template ?? (isWindows ? WINDOWS_TEMPLATE : isArm ? 'runner-arm64' : X64),
      ...(region === undefined ? {} : {region}),
      ...(type === undefined ? {} : {machineTypes: [type]}),
    },
    remarks: [...(isWindows ? [WINDOWS] : []), ...(isGuessed ? [ARM] : [])],
  };
}

/** Whether the name is that of a machine type of Compute Engine, and of no other cloud: n2-standard-4, e2-micro. */
export function isMachineType(name: string): boolean {
  return /^[a-z]\d[a-z]{0,2}-(micro|small|medium|[a-z]+-\d+[a-z]*(-[a-z]+)?)$/.test(name);
}

/** What Terraform takes for a template whose first pool names no machine type. */
const DEFAULT_TYPE = 'e2-standard-4';

/** Terraform makes a template with the machine type of its first pool: a pool that names none would get what another one asks for. */
function withOwnTypes(pools: Translation['pools']): Translation['pools'] {
  const typed = new Set(pools.flatMap(({pool: {provider}}) => (provider.machineTypes ? [provider.template] : [])));
  return pools.map((one) => {
    const {pool} = one;
    const {machineTypes, template} = pool.provider;
    // A template of the user's own has a machine type that is not known here.
    if (machineTypes || !typed.has(template) || ![X64, WINDOWS_TEMPLATE].includes(template)) return one;
    return {...one, pool: {...pool, provider: {...pool.provider, machineTypes: [DEFAULT_TYPE]}}};
  });
}

/** The file of pools, with the remarks as comments where they belong: what is said of every pool stands once, above them. */
export function toYaml({pools: translated, remarks}: Translation): string {
  const pools = withOwnTypes(translated);
  const [first, ...rest] = pools;
  const common = new Set(
    rest.length === 0 ? [] : first?.remarks.filter((line) => rest.every((pool) => pool.remarks.includes(line))),
  );
  const document = new Document({pools: pools.map(({pool}) => pool)});
  const comment = (lines: readonly string[]) =>
    lines.map((line) => ` ${line.replace(/[\s\p{Cc}]+/gu, ' ')}`).join('\n');
  const above = [...remarks, ...(common.size > 0 ? ['Of every pool:', ...common] : [])];
  if (above.length > 0) document.commentBefore = comment(above);
  const list = document.get('pools');
  if (isSeq(list)) {
    list.items.forEach((item, index) => {
      const lines = pools[index]?.remarks.filter((line) => !common.has(line)) ?? [];
      if (isMap(item) && lines.length > 0) item.commentBefore = comment(lines);
    });
  }
  return document.toString({lineWidth: 140, flowCollectionPadding: false});
}
