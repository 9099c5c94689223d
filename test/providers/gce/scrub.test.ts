import {randomBytes} from 'node:crypto';
import {scrubMessage} from '../../../shared/secret';

const JIT = randomBytes(3000).toString('base64');

test.each([
  ['whole', (jit: string) => `Invalid value: {"key": "slipway-jit-config", "value": "${jit}"}`],
  ['cut short by Compute Engine', (jit: string) => `Invalid value: "${jit.slice(0, 300)}...`],
  ['twice', (jit: string) => `${jit} and again ${jit}`],
])('a JIT config that a message echoes %s is gone', (_, messageWith) => {
  const scrubbed = scrubMessage(messageWith(JIT));
  expect(scrubbed).toContain('***');
  expect(scrubbed).not.toContain(JIT.slice(0, 20));
});

test('a metadata value is removed whether it is quoted raw or as JSON', () => {
  const script = '#!/bin/bash\necho "token abc"';
  const scrubbed = scrubMessage(`raw ${script} json ${JSON.stringify(script)}`, [script]);
  expect(scrubbed).toBe('raw *** json "***"');
});

test('what an operator needs to read is kept', () => {
  const message =
    "The resource 'projects/my-project-1234/zones/northamerica-northeast1-a/machineTypes/n2-standard-4' was not found, see " +
    'https://www.googleapis.com/compute/v1/projects/my-project-1234/global/instanceTemplates/runner-arm64';
  expect(scrubMessage(message, ['true', '1'])).toBe(message);
});

test('a long message is cut', () => {
  expect(scrubMessage('no '.repeat(1000)).length).toBeLessThan(1010);
});
