import type {RunnerToInstall} from '../../model/facts';
import type {InstanceTemplate, MetadataItem} from './client/compute';
import {RUNNER_REFUSED_KEY, RUNNER_SHA256_KEY, RUNNER_VERSION_KEY, WINDOWS_SCRIPT_KEY} from './client/metadata-keys';

/** What a new machine's metadata says of the runner application: nothing where the template says something. */
export function runnerMetadata(
  {metadata}: Pick<InstanceTemplate, 'metadata'>,
  runner: RunnerToInstall | undefined,
): readonly MetadataItem[] {
  if (!runner || metadata.items?.some(({key}) => isAboutRunner(key))) return [];
  const isWindows = metadata.items?.some(({key}) => key === WINDOWS_SCRIPT_KEY);
  const sha256 = isWindows ? windowsSha256(runner) : runner.sha256;
  if (!sha256) return [];
  return [
    {key: RUNNER_VERSION_KEY, value: runner.version},
    ...Object.entries(sha256).map(([architecture, value]) => ({key: RUNNER_SHA256_KEY + architecture, value})),
    {key: RUNNER_REFUSED_KEY, value: runner.refused.join(' ') || 'none'},
  ];
}

/** Undefined where it is not known: version and checksum are one. */
function windowsSha256({windowsSha256: value}: RunnerToInstall): Readonly<Record<string, string>> | undefined {
  return value === undefined ? undefined : {'win-x64': value};
}

function isAboutRunner(key: string): boolean {
  return key === RUNNER_VERSION_KEY || key.startsWith(RUNNER_SHA256_KEY);
}
