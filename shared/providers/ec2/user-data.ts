import {gzipSync} from 'node:zlib';
import {Refused} from '../../errors';
import type {RunnerToInstall} from '../../model/facts';
import {Secret} from '../../secret';
import {STARTUP_SCRIPT} from './startup-script';

export interface UserDataOptions {
  readonly deployment: string;
  readonly pool: string;
  /** Name of the runner. */
  readonly runner: string;
  readonly encodedJitConfig: Secret;
  /** Longest life of the machine. */
  readonly lifeSeconds: number;
  /** How long the runner waits for a job, if nobody deregisters it before. */
  readonly idleSeconds: number;
  /** What the machine is told of the runner application; left out: nothing. */
  readonly application?: RunnerToInstall | undefined;
}

/** Before base64. @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html */
const MOST_BYTES = 16 * 1024;

/**
 * User data of one instance, in base64: gzip of a script that cloud-init runs. It is terraform/runner/startup.sh, with these lines before it,
 * every value in single quotes but for the numbers:
 *
 *     #!/bin/bash
 *     SLIPWAY_CLOUD=ec2
 *     SLIPWAY_JITCONFIG='…'         the encoded JIT config, as GitHub gave it
 *     SLIPWAY_LIFE_SECONDS=24000    after which the machine powers off, which terminates it
 *     SLIPWAY_IDLE_SECONDS=900      after which a runner without a job ends
 *     SLIPWAY_DEPLOYMENT='slipway'
 *     SLIPWAY_POOL='linux'
 *     SLIPWAY_RUNNER='slipway-linux-7-1'
 *     SLIPWAY_RUNNER_VERSION='2.340.0', SLIPWAY_RUNNER_SHA256_X64, SLIPWAY_RUNNER_SHA256_ARM64, SLIPWAY_RUNNER_REFUSED, where they are known
 *
 * Comments of the script are left out, because beside a long JIT config they would not fit. Whoever may read the user data of an instance
 * (`ec2:DescribeInstanceAttribute`) can read the JIT config, which one runner can use once.
 *
 * @throws Refused when it is too long for EC2.
 */
export function userData(options: UserDataOptions): Secret {
  const {deployment, pool, runner, encodedJitConfig, lifeSeconds, idleSeconds, application} = options;
  const lines = [
    '#!/bin/bash',
    'SLIPWAY_CLOUD=ec2',
    `SLIPWAY_JITCONFIG=${quoted(encodedJitConfig.reveal())}`,
    `SLIPWAY_LIFE_SECONDS=${Math.ceil(lifeSeconds)}`,
    `SLIPWAY_IDLE_SECONDS=${Math.ceil(idleSeconds)}`,
    `SLIPWAY_DEPLOYMENT=${quoted(deployment)}`,
    `SLIPWAY_POOL=${quoted(pool)}`,
    `SLIPWAY_RUNNER=${quoted(runner)}`,
    ...(application ? applicationLines(application) : []),
    withoutComments(STARTUP_SCRIPT),
  ];
  const zipped = gzipSync(lines.join('\n'), {level: 9});
  if (zipped.length > MOST_BYTES) {
    throw new Refused(
      `the user data of ${runner} has ${zipped.length} bytes after gzip, and EC2 takes ${MOST_BYTES}: GitHub’s JIT config is too long beside the startup script; shorten terraform/runner/startup.sh`,
    );
  }
  return new Secret(zipped.toString('base64'));
}

/** The attributes of the same names on Google Cloud: shared/providers/gce/client/metadata-keys.ts. */
function applicationLines({version, sha256, refused}: RunnerToInstall): string[] {
  return [
    `SLIPWAY_RUNNER_VERSION=${quoted(version)}`,
    `SLIPWAY_RUNNER_SHA256_X64=${quoted(sha256.x64)}`,
    `SLIPWAY_RUNNER_SHA256_ARM64=${quoted(sha256.arm64)}`,
    `SLIPWAY_RUNNER_REFUSED=${quoted(refused.join(' ') || 'none')}`,
  ];
}

/** A text as one word of bash. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Lines that are comments alone, outside of here-documents, in which a `#` may be meant. */
function withoutComments(script: string): string {
  let end: string | undefined;
  return script
    .split('\n')
    .filter((line) => {
      if (end !== undefined) {
        if (line === end) end = undefined;
        return true;
      }
      end = /<<-?'?([A-Z]+)'?/.exec(line)?.[1];
      return !/^\s*#/.test(line);
    })
    .join('\n');
}
