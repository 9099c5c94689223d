import {createHash} from 'node:crypto';
import type {Registration} from './registration';

/** What a runner needs to find its registration again. */
export interface JitIdentity {
  readonly runnerId: number;
  readonly nonce: string;
}

/**
 * The blob as GitHub makes it: base64 of a JSON object of file names to base64 of their contents, about 4 KB. The key
 * material is noise that follows from the nonce.
 * @see https://github.com/actions/runner/blob/main/src/Runner.Listener/Runner.cs (`jitConfig`)
 */
export function encodeJitConfig(runner: Registration, workFolder: string): string {
  const noise = (field: string) => createHash('sha512').update(`${runner.nonce}/${field}`).digest('base64');
  const long = (field: string) => noise(`${field}/1`) + noise(`${field}/2`);
  const files = {
    '.runner': {
      AgentId: runner.id,
      AgentName: runner.name,
      Ephemeral: runner.ephemeral,
      PoolId: runner.group.id,
      PoolName: runner.group.name,
      ServerUrl: 'https://pipelines.actions.githubusercontent.com/',
      WorkFolder: workFolder,
    },
    '.credentials': {Scheme: 'OAuth', Data: {ClientId: runner.nonce, RequireFipsCryptography: 'True'}},
    '.credentials_rsaparams': {
      d: long('d'),
      dp: noise('dp'),
      dq: noise('dq'),
      exponent: 'AQAB',
      inverseQ: noise('inverseQ'),
      modulus: long('modulus'),
      p: noise('p'),
      q: noise('q'),
    },
  };
  const contents = Object.entries(files).map(([name, content]) => [name, base64(JSON.stringify(content))]);
  return base64(JSON.stringify(Object.fromEntries(contents)));
}

/** Undefined when the blob is not one of ours. */
export function decodeJitConfig(encoded: string): JitIdentity | undefined {
  try {
    const files = JSON.parse(unbase64(encoded));
    const runner = JSON.parse(unbase64(files['.runner']));
    const credentials = JSON.parse(unbase64(files['.credentials']));
    const identity = {runnerId: runner.AgentId, nonce: credentials.Data.ClientId};
    return typeof identity.runnerId === 'number' && typeof identity.nonce === 'string' ? identity : undefined;
  } catch {
    return undefined;
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function unbase64(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}
