import {readFileSync} from 'node:fs';
import {join} from 'node:path';

const DEPLOYED = ['webhook', 'provision', 'stop', 'sweep', 'api'];
const MOST_LINES = 60;

test.each(DEPLOYED)('functions/%s/index.ts is short enough to be read as the flow', (name) => {
  const text = readFileSync(join(__dirname, '../../functions', name, 'index.ts'), 'utf8');
  expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(MOST_LINES);
});
