import type {RunnerToInstall} from '../../model/facts';
import type {InstanceTemplate, MetadataItem} from './client/compute';
import {RUNNER_REFUSED_KEY, RUNNER_SHA256_KEY, RUNNER_VERSION_KEY} from './client/metadata-keys';

/** What a new machine's metadata says of the runner application: nothing where the template says something. */
export function runnerMetadata(
  {metadata}: Pick<InstanceTemplate, 'metadata'>,
  runner: RunnerToInstall | undefined,
): readonly MetadataItem[] {
  if (!runner || metadata.items?.some(({key}) => isAboutRunner(key))) return [];
  return [
    {key: RUNNER_VERSION_KEY, value: runner.version},
    ...Object.entries(runner.sha256).map(([architecture, value]) => ({key: RUNNER_SHA256_KEY + architecture, value})),
    {key: RUNNER_REFUSED_KEY, value: runner.refused.join(' ') || 'none'},
  ];
}

function isAboutRunner(key: string): boolean {
  return key === RUNNER_VERSION_KEY || key.startsWith(RUNNER_SHA256_KEY);
}
