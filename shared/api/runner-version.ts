import * as z from 'zod';
import type {RunnerVersionsDocument} from '../model/facts';
import {timeOf} from './resources';
import {Time} from './schemas';

/** The runner versions that the sweep keeps, as the API answers them. */
export const RunnerVersion = z.object({
  latest: z.string().nullable().meta({description: 'The version that GitHub offers for download.'}),
  in_use: z.array(
    z.object({
      version: z.string(),
      runners: z.int().meta({
        description:
          'Runners of this deployment with this version when the sweep looked last, in the last ten minutes or so.',
      }),
      registration_ends: Time.nullable().meta({
        description: 'From then on GitHub registers no runner of it; null: no end is set.',
      }),
      runtime_ends: Time.nullable().meta({description: 'From then on GitHub gives it no job; null: no end is set.'}),
    }),
  ),
});

export function runnerVersionView({latest, inUse}: RunnerVersionsDocument): z.output<typeof RunnerVersion> {
  const time = (ms: number | null) => (ms === null ? null : timeOf(ms));
  return {
    latest,
    in_use: inUse.map(({version, runners, registrationEndsAt, runtimeEndsAt}) => ({
      version,
      runners,
      registration_ends: time(registrationEndsAt),
      runtime_ends: time(runtimeEndsAt),
    })),
  };
}
