import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {DECISIONS} from '../../shared/decisions';
import {comparedWith, terraformFile} from '../builders/terraform-files';

const ROOT = join(__dirname, '../..');

/** Every source file of what is deployed. */
const sources = ['functions', 'shared'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), {recursive: true, encoding: 'utf8'})
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(join(ROOT, folder, path), 'utf8')),
);

function isLogged(decision: string): boolean {
  const decisions: ReadonlySet<string> = DECISIONS;
  return decisions.has(decision);
}

/** The fields of log lines that metrics and alerts read. */
function fieldsIn(text: string): string[] {
  return [...new Set([...text.matchAll(/jsonPayload\.(\w+)/g)].map(([, field = '']) => field))];
}

const files = ['metrics.tf', 'alerts.tf'];

describe.each(files)('%s', (file) => {
  const text = terraformFile(file);

  test('waits for decisions that the code logs', () => {
    const decisions = comparedWith(text, 'decision');
    expect(decisions.length).toBeGreaterThan(3);
    expect(decisions.filter((decision) => !isLogged(decision))).toEqual([]);
  });

  test('reads fields that the code logs', () => {
    const isField = (field: string) =>
      sources.some((source) => new RegExp(`\\b${field}\\??:|\\b${field}[,}]`).test(source));
    expect(fieldsIn(text).filter((field) => !isField(field))).toEqual([]);
  });
});

test('a decision that nobody logs is found', () => {
  const text = terraformFile('metrics.tf').replace('\\"dead_letter\\"', '\\"dead_leter\\"');
  expect(comparedWith(text, 'decision').filter((decision) => !isLogged(decision))).toEqual(['dead_leter']);
});
