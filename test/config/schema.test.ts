import {readFileSync} from 'node:fs';
import Ajv2020 from 'ajv/dist/2020';
import {parse} from 'yaml';
import {SCHEMA_PATH, schemaText} from '../../functions/build/schema';
import {poolSchema} from '../../shared/config/pool-schema';
import {DOCUMENTATION, EXAMPLE} from './environments';

const committed = readFileSync(SCHEMA_PATH, 'utf8');
const validate = new Ajv2020({strict: true, strictRequired: false, strictTypes: false}).compile(JSON.parse(committed));
const example = parse(EXAMPLE) as object;
const provider = {type: 'gce', template: 't'};
const good = {repo: 'a/b', requires: ['c'], provider};

test('the committed JSON Schema is the generated one (else: npm run schema)', () => {
  expect(committed).toBe(schemaText());
});

test.each<[string, unknown]>([
  ['the example of the documentation', example],
  ['an example that names its schema', {$schema: './runner-config.schema.json', ...example}],
  ['a flat list', [{repo: 'a/b', labels: ['c'], vm_instance_name: 'v', vm_instance_zone: 'us-east1-b'}]],
  ['a pool that only offers', {pools: [{org: 'a', offers: ['c'], provider}]}],
  ['a limit over all pools', {maxRunners: 0, pools: [{...good, maxRunners: 0}]}],
  ['patterns and commas', {pools: [{...good, offers: ['c', 'a,b=*']}]}],
  ['jobs without labels', {pools: [{org: 'a', offers: ['c'], acceptsUnlabeled: true, provider}]}],
  [
    'keys of the author',
    {'x-a': 1, defaults: {'x-b': 1}, pools: [{...good, 'x-c': [], provider: {...provider, 'x-d': 1}}]},
  ],
  ['a schedule', {defaults: {minIdle: [{cron: '* * * * *', count: 1}]}, pools: [good]}],
])('the JSON Schema accepts %s', (_, value) => {
  expect(validate(value)).toBe(true);
});

test.each<[string, unknown]>([
  ['nothing', null],
  ['no pool', {pools: []}],
  ['an unknown key', {pools: [{...good, maxRuners: 1}]}],
  ['no scope', {pools: [{requires: ['c'], provider}]}],
  ['two scopes', {pools: [{...good, org: 'a'}]}],
  ['no labels', {pools: [{repo: 'a/b', provider}]}],
  ['empty labels', {pools: [{...good, requires: []}]}],
  ['a wrong name', {pools: [{...good, name: 'A'}]}],
  ['fewer than no runners', {pools: [{...good, maxRunners: -1}]}],
  ['fewer than no runners over all', {maxRunners: -1, pools: [good]}],
  ['an expression', {pools: [{...good, requires: [`a-\${{ x }}`]}]}],
  ['a clone address', {pools: [{...good, repo: 'acme/app.git'}]}],
  [
    'a template on another host',
    {pools: [{...good, provider: {type: 'gce', template: 'https://x.example/global/instanceTemplates/t'}}]},
  ],
  ['no minutes', {pools: [{...good, bootMinutes: 0}]}],
  ['an unknown provider', {pools: [{...good, provider: {type: 'ec2'}}]}],
  ['a provider without a template', {pools: [{...good, provider: {type: 'gce'}}]}],
  ['a zone that is none', {pools: [{...good, provider: {...provider, zones: ['us']}}]}],
  ['a flat pool without its VM', [{repo: 'a/b', labels: ['c']}]],
])('the JSON Schema rejects %s', (_, value) => {
  expect(validate(value)).toBe(false);
});

test.each(Object.keys(poolSchema.shape))('the documentation has the field %s', (field) => {
  expect(DOCUMENTATION).toMatch(new RegExp(`^\\|[^|]*\`${field}\``, 'm'));
});
