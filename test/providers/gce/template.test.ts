import {Refused} from '../../../shared/errors';
import {templateReferences} from '../../../shared/providers/gce/client/templates';

const BOTH = [{name: 'runner'}, {name: 'runner', region: 'us-east1'}];

test.each([
  ['runner', BOTH],
  ['global/instanceTemplates/runner', [{name: 'runner'}]],
  ['regions/europe-west1/instanceTemplates/runner', [{name: 'runner', region: 'europe-west1'}]],
  ['projects/p-1/global/instanceTemplates/runner', [{name: 'runner', project: 'p-1'}]],
  ['/projects/p-1/global/instanceTemplates/runner', [{name: 'runner', project: 'p-1'}]],
  [
    'projects/example.com:p/regions/r/instanceTemplates/runner',
    [{name: 'runner', project: 'example.com:p', region: 'r'}],
  ],
  [
    'https://www.googleapis.com/compute/v1/projects/p/global/instanceTemplates/runner',
    [{name: 'runner', project: 'p'}],
  ],
  [
    'https://compute.googleapis.com/compute/beta/projects/p/regions/us-west4/instanceTemplates/runner',
    [{name: 'runner', project: 'p', region: 'us-west4'}],
  ],
])('%s is looked for at %j', (text, expected) => {
  expect(templateReferences(text, 'us-east1')).toEqual(expected);
});

test('a bare name is only looked up globally if no region is known', () => {
  expect(templateReferences('runner', undefined)).toEqual([{name: 'runner'}]);
});

test.each(['', 'Runner', 'https://example.com/x', 'projects/p/zones/z/instances/i', 'global/instanceTemplates/'])(
  '"%s" is refused with what is expected',
  (text) => {
    expect(() => templateReferences(text, 'us-east1')).toThrow(Refused);
    expect(() => templateReferences(text, 'us-east1')).toThrow(/expected a name, or a URL/);
  },
);
