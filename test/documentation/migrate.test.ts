import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {checkText} from '../../functions/cli/check';
import {readOldNames} from '../../shared/config/old-names';
import {takerOf} from '../builders/migrated';
import {PEER_NAMES} from '../builders/peer-names';
import {poolsIn} from '../builders/shown-pools';
import {ROOT} from './pages';

const page = readFileSync(join(ROOT, 'docs/migrate.md'), 'utf8');
const sections = new Map(
  page.split(/^## /m).map((text): [string, string] => {
    const [heading = '', ...rest] = text.split('\n');
    return [heading.replaceAll("'", '’'), rest.join('\n')];
  }),
);

/** Whether the name stands there by itself, and not as a part of a longer one. */
function isNamed(section: string, name: string): boolean {
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const [before, after] = [/^\w/.test(name) ? '(?<![\\w-])' : '', /\w$/.test(name) ? '(?![\\w-])' : ''];
  return new RegExp(before + escaped + after).test(section);
}

describe.each(PEER_NAMES)('$heading', ({heading, names, phrases = []}) => {
  const section = sections.get(heading) ?? '';

  test('names everything that the other system shows', () => {
    const shown = [...names.trim().split(/\s+/), ...phrases];
    expect(shown.filter((name) => !isNamed(section, name))).toEqual([]);
  });

  test('every row has an equivalent, or the reason why there is none', () => {
    const rows = [...section.matchAll(/^\| (.+?) (?<!\\)\| (.*) \|$/gm)].filter(([line]) => !line.startsWith('| ---'));
    expect(rows.length).toBeGreaterThan(10);
    // "none" alone leaves the reader with a question.
    expect(rows.map(([, , here = '']) => here).filter((here) => /^(none\.?|)$/.test(here))).toEqual([]);
  });
});

test('the table of variables says of each what the functions read', () => {
  const table = sections.get('Variables of other systems') ?? '';
  const rows = [...table.matchAll(/^\| (`[A-Z].*?) \|/gm)].map(([, names = '']) => names.match(/[A-Z_]{4,}/g) ?? []);
  expect(rows.flat().length).toBeGreaterThan(12);
  for (const name of rows.flat()) expect(readOldNames({[name]: 'x'}).found.map((old) => old.name)).toEqual([name]);
});

/** The pools that the page shows, each with a job, and the pool that has to take it. */
test.each([
  ['gpu-1', 'self-hosted gpu', 'acme/app'],
  ['c4a-standard-1', 'linux self-hosted ARM64', 'acme/app'],
  ['type: codemagic', 'macOS-arm64', 'acme/app'],
  ['type: codemagic', 'ubuntu-arm64', 'acme/app'],
  ['launchTemplate: slipway-arm64', 'ubuntu-arm64', 'acme/app'],
  ['myoung34/github-runner', 'self-hosted', 'acme/app'],
  ['ci-nix', 'self-hosted Linux nix', 'acme/app'],
  ['fleet=linux-small', 'runs-on/fleet=linux-small/env=production', 'acme/app'],
])('the pools with %s take a job that asks for %s', (word, labels, repository) => {
  const shown = poolsIn('docs/migrate.md').filter((text) => text.includes(word));
  expect(shown.length).toBeGreaterThan(0);
  for (const text of shown) {
    const checked = checkText(text);
    const pools = checked.kind === 'valid' ? checked.pools : [];
    expect([checked, takerOf(labels.split(' '), pools, repository)]).toEqual([checked, expect.any(String)]);
  }
});
