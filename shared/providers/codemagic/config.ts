import * as z from 'zod';
import type {ProviderSettings} from '../../model/pool';
import {type ProviderBlock, type RawSettings, type SettingsProblems, text} from '../../model/settings';

/** Settings of a pool of type codemagic, with every default filled in. `template`: the application and its workflow. */
export interface CodemagicSettings extends ProviderSettings {
  readonly type: 'codemagic';
  /** Id of the application whose repository has the workflow. */
  readonly app: string;
  /** Name of the workflow in that repository's codemagic.yaml. */
  readonly workflow: string;
  readonly branch: string;
  /** Id of the team that owns the application: its builds are listed. */
  readonly team: string;
  /** Undefined: what codemagic.yaml says. */
  readonly instanceType?: string;
}

/** What the provider reads of a pool. */
export interface CodemagicPool {
  readonly name: string;
  readonly provider: CodemagicSettings;
}

/** An id as CodeMagic gives it to applications, teams and builds; it becomes part of a path. */
export const ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

const schema = z.strictObject({
  type: z.literal('codemagic').meta({description: 'Starts one build at CodeMagic for each job: macOS.'}),
  app: text(ID, 'the id of an application at CodeMagic, from the address of its page', 64).meta({
    description: 'Application whose repository has the workflow.',
  }),
  workflow: text(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/, 'the name of a workflow in codemagic.yaml', 100).meta({
    description: 'Workflow in codemagic.yaml that runs the runner (terraform/runner/codemagic.yaml).',
  }),
  branch: text(/^[^\s~^:?*[\\\p{Cc}]+$/u, 'the name of a branch', 250)
    .meta({description: 'Branch from which codemagic.yaml is read.', default: 'main'})
    .optional(),
  team: text(ID, 'the id of the team at CodeMagic that owns the application, from the address of its page', 64).meta({
    description: 'Team that owns the application; its builds are listed.',
  }),
  instanceType: text(/^[a-z0-9][a-z0-9_-]{0,39}$/, 'an instance type such as mac_mini_m2', 40)
    .meta({description: 'Machine of the build; default: what codemagic.yaml says. Needed for GET /costs.'})
    .optional(),
});

function settingsOf({type, app, workflow, branch, team, instanceType}: z.infer<typeof schema>): CodemagicSettings {
  return {
    ...{type, app, workflow, team},
    branch: branch ?? 'main',
    ...(instanceType === undefined ? {} : {instanceType}),
    quotaScopes: [team],
    template: `${app}/${workflow}`,
  };
}

/** Pools of type codemagic. */
export const codemagic: ProviderBlock<typeof schema> = {schema, settings: settingsOf, check: checkCodemagic};

/** `max_build_duration` of terraform/runner/codemagic.yaml, and the longest one of CodeMagic. @see https://docs.codemagic.io/yaml-basic-configuration/yaml-getting-started/ */
export const MAX_BUILD_MINUTES = 120;

/** What a build needs beside its job: to start, to fetch the runner, and to wait for the job. */
const OTHER_MINUTES = 5;
const MOST_JOB_MINUTES = MAX_BUILD_MINUTES - OTHER_MINUTES;

/** Reports what a build cannot hold, since CodeMagic ends it whatever runs in it. */
function checkCodemagic(settings: RawSettings, _: RawSettings, path: string, problems: SettingsProblems): void {
  const {jobMinutes, minIdle} = settings;
  if (typeof jobMinutes === 'number' && jobMinutes > MOST_JOB_MINUTES) {
    const expected = `at most ${MOST_JOB_MINUTES}: CodeMagic ends a build, with the job in it, after ${MAX_BUILD_MINUTES} minutes, of which it needs ${OTHER_MINUTES} to start`;
    problems.report(`${path}.jobMinutes`, String(jobMinutes), expected);
  }
  const isWarm = Array.isArray(minIdle) ? minIdle.length > 0 : typeof minIdle === 'number' && minIdle > 0;
  if (!isWarm) return;
  const found = Array.isArray(minIdle) ? 'a schedule' : String(minIdle);
  const expected = `no minIdle: a build that waits for a job is billed, and ends after ${MAX_BUILD_MINUTES} minutes with the job that it got last`;
  problems.report(`${path}.minIdle`, found, expected);
}
