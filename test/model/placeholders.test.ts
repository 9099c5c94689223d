import {
  fillAll,
  fillPlaceholders,
  PLACEHOLDERS,
  type PlaceholderValues,
  placeholdersIn,
} from '../../shared/model/placeholders';

const VALUES: PlaceholderValues = {
  scope_name: 'acme/app',
  runner_name: 'slipway-docker-1-1',
  registration_token: 'AREG',
  repo_owner: 'acme',
  repo_name: 'app',
  timestamp: '1700000000',
  hostname: 'builder',
  orchestrator_id: 'slipway',
  pool: 'docker',
  labels: 'self-hosted,{pool}',
};

test('every placeholder is filled in, as often as it stands in the text', () => {
  const text = PLACEHOLDERS.map((name) => `{${name}}`).join(' ');
  expect(fillPlaceholders(`${text} {pool}`, VALUES)).toBe(`${Object.values(VALUES).join(' ')} docker`);
});

test('a brace in a value is no placeholder', () => {
  expect(fillAll({LABELS: '{labels}', NAME: 'x'}, VALUES)).toEqual({LABELS: 'self-hosted,{pool}', NAME: 'x'});
});

test.each(['$' + '{pool}', '{}', '{"pool": 1}', '{ pool }', '{POOL}', '{1}'])('%s is no placeholder', (text) => {
  expect(placeholdersIn(text)).toEqual([]);
  expect(fillPlaceholders(text, VALUES)).toBe(text);
});
