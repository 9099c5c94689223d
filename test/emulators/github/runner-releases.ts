import {isoSeconds} from './time';

const PLATFORMS = ['osx-x64', 'osx-arm64', 'linux-x64', 'linux-arm', 'linux-arm64', 'win-x64', 'win-arm64'];

/** The releases of the runner application, as far as GitHub's API tells of them. */
export class RunnerReleases {
  latest = '2.338.0';
  /** What runners run that connect; null: GitHub does not show it. */
  inUse: string | null = '2.335.0';
  /** Times in milliseconds since the epoch; null: no end is set. A version that is missing is answered with 404. */
  readonly ends = new Map<string, {readonly registration: number | null; readonly runtime: number | null}>([
    ['2.335.0', {registration: null, runtime: null}],
  ]);

  applications(): object[] {
    return PLATFORMS.map((platform, index) => {
      const [os = '', architecture = ''] = platform.split('-');
      const filename = `actions-runner-${platform}-${this.latest}.${os === 'win' ? 'zip' : 'tar.gz'}`;
      const download_url = `https://github.com/actions/runner/releases/download/v${this.latest}/${filename}`;
      return {os, architecture, download_url, filename, sha256_checksum: String(index).repeat(64)};
    });
  }

  /** Undefined: GitHub does not know the version. */
  deprecation(version: string): object | undefined {
    const ends = this.ends.get(version);
    if (!ends) return undefined;
    const time = (ms: number | null) => (ms === null ? null : isoSeconds(ms));
    return {
      runner_version: version,
      registration_deprecates_at: time(ends.registration),
      runtime_deprecates_at: time(ends.runtime),
    };
  }
}
