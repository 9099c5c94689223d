import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {poolSchema} from '../../shared/config/pool-schema';

const MISTAKES = join(__dirname, '..', '..', 'terraform', 'pool-mistakes.tf');

test('Terraform lets pass the types of providers that the functions know', () => {
  const [, list = ''] = /^ *provider_types = (\[.*\])$/m.exec(readFileSync(MISTAKES, 'utf8')) ?? [];
  const known = poolSchema.shape.provider.options.map(({shape}) => shape.type.value);
  expect(JSON.parse(list)).toEqual(known);
});
