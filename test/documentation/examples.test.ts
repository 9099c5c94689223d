import {parse, stringify} from 'yaml';
import {checkText} from '../../functions/cli/check';
import {listPages, readPage} from './pages';

/** The text as a file of pools: as it stands, or what a page shows of a list of pools. Undefined: it is about something else. */
function poolsIn(text: string): string | undefined {
  let value: unknown;
  try {
    value = parse(text);
  } catch {
    return undefined;
  }
  if (Array.isArray(value)) {
    const ofPools = value.filter((one) => one !== null && typeof one === 'object');
    if (ofPools.some((one) => 'vm_instance_name' in one)) return text;
    return ofPools.some((one) => 'provider' in one) ? stringify({pools: value}) : undefined;
  }
  return value !== null && typeof value === 'object' && 'pools' in value ? text : undefined;
}

const EXAMPLES = listPages().flatMap((path) =>
  readPage(path)
    .blocks.filter(({language}) => language === 'yaml' || language === 'json')
    .flatMap(({text}, index): [string, string][] => {
      const pools = poolsIn(text);
      return pools === undefined ? [] : [[`${path}, block ${index + 1}`, pools]];
    }),
);

test.each(EXAMPLES)('the pools of %s pass slipway check', (_, text) => {
  expect(checkText(text)).toMatchObject({kind: 'valid'});
});

test('the pages have an example of every type of provider', () => {
  const types = ['gce', 'gce-vm', 'cloud-run', 'docker', 'ec2', 'codemagic'];
  const shown = EXAMPLES.map(([, text]) => text).join('\n');
  expect(types.filter((type) => !new RegExp(`type: ["']?${type}["']?\\b`).test(shown))).toEqual([]);
});
