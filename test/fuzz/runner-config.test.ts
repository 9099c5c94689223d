import fc from 'fast-check';
import {stringify} from 'yaml';
import {parseConfig} from '../../shared/config/config';
import {InvalidConfiguration} from '../../shared/errors';
import {appKey} from '../emulators/github/app-key';
import {drawScenario} from '../simulation/draw-scenario';
import {environmentOf, WEBHOOK_SECRET} from '../simulation/environment';
import {runnerConfig} from '../simulation/pools';
import {mutatedJson} from './mutated-json';
import {holdsFor} from './property';

const {setting} = drawScenario(1, {days: 0.1});
const env = environmentOf(setting, {id: 1, privateKeyPem: appKey().privateKeyPem});
const FLAT = [
  {repo: 'acme/app', labels: ['self-hosted'], vm_instance_name: 'runner', vm_instance_zone: 'us-central1-a'},
];

const texts = fc.oneof(
  fc
    .constantFrom(JSON.parse(runnerConfig(setting)) as unknown, FLAT)
    .chain(mutatedJson)
    .chain((value) => fc.constantFrom(JSON.stringify(value) ?? '', asYaml(value))),
  fc.json(),
  fc.string({unit: 'binary', maxLength: 200}),
  fc.string({maxLength: 200}).map((text) => `pools:\n  - ${text}`),
);

/** YAML cannot write every value that JSON can. */
function asYaml(value: unknown): string {
  try {
    return stringify(value);
  } catch {
    return '';
  }
}

test('RUNNER_CONFIG, whatever is in it, is a configuration or a list of problems with path, found and expected', async () => {
  let accepted = 0;
  await holdsFor(3_000, texts, (text) => {
    try {
      const {pools} = parseConfig({...env, RUNNER_CONFIG: text}, 'webhook');
      accepted += 1;
      for (const pool of pools) {
        expect(pool.name).toMatch(/^[a-z]([-a-z0-9]{0,18}[a-z0-9])?$/);
        expect(pool.maxRunners).toBeGreaterThanOrEqual(0);
      }
    } catch (error) {
      if (!(error instanceof InvalidConfiguration)) throw error;
      expect(error.problems.length).toBeGreaterThan(0);
      for (const {path, found, expected} of error.problems) {
        expect([path, found, expected].every((part) => typeof part === 'string' && part !== '')).toBe(true);
      }
      expect(error.message).not.toContain(WEBHOOK_SECRET);
    }
  });
  expect(accepted).toBeGreaterThan(100);
}, 60_000);
