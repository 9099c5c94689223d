import type {Octokit} from '@octokit/rest';
import * as z from 'zod';
import type {RunnerDownload, RunnerVersionEnds} from '../model/facts';
import {minor, Time} from '../model/job-json';
import {type RunnerScope, scopePath} from '../model/scope';
import {isRefusedWith, unreadable} from './errors';
import type {Discovery} from './github';
import type {GitHubCall} from './refusals';

/** GitHub has a file for each platform: `actions-runner-linux-x64-2.338.0.tar.gz`. */
const FILE = /^actions-runner-([a-z]{1,10}-[a-z0-9]{1,10})-(\d{1,4}\.\d{1,6}\.\d{1,6})\.(?:tar\.gz|zip)$/;

const Applications = z
  .array(z.object({filename: z.string(), sha256_checksum: minor(z.string().regex(/^[0-9a-f]{64}$/i))}))
  .max(100);

/** The answer (200) of `actions/runners/downloads`; files of another form are left out. Undefined: another shape than GitHub describes. */
export function readRunnerDownloads(data: unknown): readonly RunnerDownload[] | undefined {
  return Applications.safeParse(data).data?.flatMap(({filename, sha256_checksum}) => {
    const [, platform, version] = FILE.exec(filename) ?? [];
    return platform && version ? [{platform, version, sha256: sha256_checksum?.toLowerCase() ?? null}] : [];
  });
}

const Deprecation = z.object({registration_deprecates_at: Time.nullish(), runtime_deprecates_at: Time.nullish()});

/** The answer (200) of `actions/runners/deprecations/{version}`. */
export function readRunnerVersionEnds(data: unknown): RunnerVersionEnds | undefined {
  const {data: found} = Deprecation.safeParse(data);
  if (!found) return undefined;
  const time = (text: string | null | undefined) => (text ? Date.parse(text) : null);
  return {
    registrationEndsAt: time(found.registration_deprecates_at),
    runtimeEndsAt: time(found.runtime_deprecates_at),
  };
}

type Ask = <T>(
  call: GitHubCall & {readonly scope: RunnerScope},
  installationId: number | null,
  work: (octokit: Octokit) => Promise<T>,
) => Promise<T>;

/**
 * The questions about the runner application. Both need the permission that lists the runners of the scope.
 * @see https://docs.github.com/en/rest/actions/self-hosted-runners#list-runner-applications-for-a-repository
 */
export function createRunnerVersions(ask: Ask): Pick<Discovery, 'runnerDownloads' | 'runnerVersionEnds'> {
  return {
    runnerDownloads(scope, installationId) {
      const call = {kind: 'runners', scope} as const;
      return ask(call, installationId, async (octokit) => {
        const {data}: {data: unknown} = await octokit.request(`GET ${scopePath(scope)}/actions/runners/downloads`);
        return orThrow(call, readRunnerDownloads(data));
      });
    },
    runnerVersionEnds(scope, installationId, version) {
      const call = {kind: 'runners', scope} as const;
      return ask(call, installationId, async (octokit) => {
        try {
          const path = `${scopePath(scope)}/actions/runners/deprecations/${encodeURIComponent(version)}`;
          const {data}: {data: unknown} = await octokit.request(`GET ${path}`);
          return orThrow(call, readRunnerVersionEnds(data));
        } catch (error) {
          if (isRefusedWith(error, 404)) return {registrationEndsAt: null, runtimeEndsAt: null};
          throw error;
        }
      });
    },
  };
}

function orThrow<T>(call: GitHubCall, read: T | undefined): T {
  if (read === undefined) throw unreadable(call, 'another shape than GitHub describes');
  return read;
}
