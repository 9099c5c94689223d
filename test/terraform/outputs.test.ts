import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {EXAMPLE_FOLDERS, EXAMPLES} from '../builders/shown-pools';

const ROOT = join(__dirname, '../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

/** Outputs that only a deployment of this kind has. */
const OF_KIND: Readonly<Record<string, readonly string[]>> = {aws_subjects: ['aws']};

const outputsOf = (file: string) => new Set([...read(file).matchAll(/^output "(\w+)"/gm)].map(([, name = '']) => name));

/** `terraform output -raw NAME` and `-json NAME` of the pages, each with the page. */
const used = ['README.md', 'terraform/README.md', 'terraform/aws/README.md', ...pagesOf('docs')].flatMap((file) =>
  [...read(file).matchAll(/terraform output (?:-(?:raw|json) )?([a-z]\w+)/g)].map(
    ([, name = '']) => [name, file] as const,
  ),
);

function pagesOf(folder: string): string[] {
  return readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`);
}

test('the pages ask for outputs', () => {
  expect(used.map(([name]) => name)).toEqual(
    expect.arrayContaining(['webhook_url', 'api_url', 'function_urls', 'next_steps', 'api_proxy']),
  );
});

test.each(used)('the output %s, which %s asks for, is one of the module and of each example', (name) => {
  expect([...outputsOf('terraform/outputs.tf')]).toContain(name);
  const kinds = OF_KIND[name] ?? EXAMPLE_FOLDERS;
  for (const example of kinds) expect([...outputsOf(`${EXAMPLES}/${example}/outputs.tf`)]).toContain(name);
});
