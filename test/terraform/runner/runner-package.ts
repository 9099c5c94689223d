import {spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {mkdirSync, mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {writeProgram} from './commands';

/** Lines that GitHub's runner prints. */
export const LISTENING = "echo '2026-11-21 10:00:00Z: Listening for Jobs'";
export const RUNNING = "echo '2026-11-21 10:00:01Z: Running job: build'";
export const COMPLETED = "echo '2026-11-21 10:00:02Z: Job build completed with result: Succeeded'";

/** A runner that waits for a job until it is interrupted, as run.sh does with RUNNER_MANUALLY_TRAP_SIG. */
export const WAIT_FOR_INTERRUPT = `
trap 'echo "interrupted"; exit 0' INT
${LISTENING}
while true; do sleep 0.02; done`;

export interface RunnerPackage {
  readonly content: Buffer;
  readonly sha256: string;
}

/** The archive of a stand-in for GitHub's runner whose run.sh has this body. */
export function makeRunnerPackage(run: string): RunnerPackage {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-package-'));
  try {
    mkdirSync(join(folder, 'bin'));
    writeProgram(join(folder, 'run.sh'), run);
    writeProgram(join(folder, 'config.sh'), CONFIG);
    writeProgram(join(folder, 'bin/installdependencies.sh'), 'echo dependencies >>"$SLIPWAY_ROOT/calls"');
    writeProgram(join(folder, 'bin/Runner.Listener'), 'echo "Runner.Listener $*" >>"$SLIPWAY_ROOT/calls"');
    writeProgram(join(folder, 'bin/Runner.Worker'), '[[ $# == 1 ]] || touch "$2"; sleep "$1"; echo "worker ends"');
    const tar = spawnSync('tar', ['-czf', '-', '-C', folder, '.'], {maxBuffer: 1 << 24});
    if (tar.status !== 0) throw new Error(`tar: ${tar.stderr.toString()}`);
    return {content: tar.stdout, sha256: createHash('sha256').update(tar.stdout).digest('hex')};
  } finally {
    rmSync(folder, {recursive: true});
  }
}

/** Registers as GitHub's does: takes the token from its environment, leaves `.runner`. */
const CONFIG = `
printf '%s\\n' "config.sh $*" >>"$SLIPWAY_ROOT/calls"
printf '%s' "\${ACTIONS_RUNNER_INPUT_TOKEN:-}" >"$SLIPWAY_ROOT/token-seen"
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' >"$SLIPWAY_ROOT/command-lines"
echo "registering with $ACTIONS_RUNNER_INPUT_TOKEN"
[[ $ACTIONS_RUNNER_INPUT_TOKEN != expired ]] || { echo 'Http response code: NotFound'; exit 1; }
touch .runner`;

export function pinnedVersion(): string {
  const pins = readFileSync(join(__dirname, '../../../terraform/runner/src/pins.sh'), 'utf8');
  const version = /^RUNNER_VERSION=(.+)$/m.exec(pins)?.[1];
  if (!version) throw new Error('found no RUNNER_VERSION in terraform/runner/src/pins.sh');
  return version;
}
