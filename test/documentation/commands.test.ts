import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {split} from 'shlex';
import {run} from '../../functions/cli/program';
import {systemClock} from '../../shared/clock';
import {systemRandom} from '../../shared/random';
import {listPages, ROOT, readPage} from './pages';

const {scripts} = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {scripts: Record<string, string>};
/** Outputs of the module, and of the one for AWS. */
const outputs = ['terraform', 'terraform/aws'].flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((file) => file.endsWith('.tf'))
    .flatMap((file) => [...readFileSync(join(ROOT, folder, file), 'utf8').matchAll(/^output "(\w+)"/gm)])
    .map(([, name = '']) => name),
);

interface Line {
  readonly page: string;
  readonly line: string;
}

/** The lines of shell in the documentation, without their remarks. */
const lines: readonly Line[] = listPages()
  .filter((page) => page !== 'CHANGELOG.md')
  .flatMap((page) =>
    readPage(page)
      .blocks.filter(({language}) => ['sh', 'bash'].includes(language))
      .flatMap(({text}) => text.replaceAll(/\\\n\s*/g, ' ').split('\n'))
      .map((line) => ({page, line: line.replace(/(^|\s)#.*$/, '').trim()})),
  );

function found(pattern: RegExp): string[][] {
  return lines.flatMap(({page, line}) => [...line.matchAll(pattern)].map(([, name = '']) => [page, name.trim()]));
}

test.each(found(/npm run (?:-s |--silent )?([\w:-]+)/g))('%s: npm run %s is a script', (_, name) => {
  expect(Object.keys(scripts)).toContain(name);
});

test.each(found(/output -raw ([\w-]+)/g))('%s: %s is an output of a module', (_, name = '') => {
  expect(outputs).toContain(name);
});

test.each(
  found(/(?:npx slipway|npm run --silent slipway --|npm run slipway --) ([^|)<>;&]*)/g).filter(
    ([, line]) => line !== '…',
  ),
)('%s: the command line knows slipway %s', async (_, line = '') => {
  let said = '';
  const write = (text: string) => {
    said += text;
    return true;
  };
  const output = {write, isTTY: false, columns: 80};
  // Without an address and a secret, so that nothing is called.
  await run(split(line.replaceAll('…', '')), {
    env: {},
    stdout: output,
    stderr: output,
    stdin: () => Promise.resolve(''),
    clock: systemClock,
    random: systemRandom,
  } as Parameters<typeof run>[1]);
  expect(said).not.toMatch(/unknown (option|command)|too many arguments|missing required argument|please report it/);
});

test('the documentation has commands of each kind', () => {
  expect(found(/npm run (?:-s |--silent )?([\w:-]+)/g).length).toBeGreaterThan(10);
  expect(found(/output -raw ([\w-]+)/g).length).toBeGreaterThan(3);
  expect(found(/npx slipway ([\w-]+)/g).length).toBeGreaterThan(10);
});
