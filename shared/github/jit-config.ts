import {Secret} from '../secret';
import type {JitConfig} from './github';

/** The 201 of generate-jitconfig as GitHub's REST API spells it; undefined when `data` is none. */
export function readJitConfig(data: unknown): JitConfig | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  if (!('encoded_jit_config' in data) || typeof data.encoded_jit_config !== 'string') return undefined;
  if (!('runner' in data) || typeof data.runner !== 'object' || data.runner === null) return undefined;
  if (!('id' in data.runner) || typeof data.runner.id !== 'number' || data.encoded_jit_config === '') return undefined;
  return {runnerId: data.runner.id, encodedJitConfig: new Secret(data.encoded_jit_config)};
}
