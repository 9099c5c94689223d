import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {RULES} from '../../../shared/sweep/plan';

const FOLDER = join(__dirname, '../../../shared/sweep/rules');

test('each file in rules/ exports one rule, and the list contains it once', async () => {
  const files = readdirSync(FOLDER);
  const rules: unknown[] = [];
  for (const file of files) {
    const exported: Record<string, unknown> = await import(join(FOLDER, file));
    const found = Object.values(exported).filter((one) => typeof one === 'object' && one && 'plan' in one);
    expect([file, found.length]).toEqual([file, 1]);
    rules.push(...found);
  }
  expect(new Set(rules)).toEqual(new Set(RULES));
  expect(RULES).toHaveLength(files.length);
});
