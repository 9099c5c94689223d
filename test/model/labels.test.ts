import {labelsWithoutJob, registrationLabels, wildcardMatches} from '../../shared/model/labels';

test.each([
  ['linux', 'linux', true],
  ['linux', 'linux-arm', false],
  ['*', '', true],
  ['*', 'a,b=c', true],
  ['run-*', 'run-1', true],
  ['run-*', 'a-run-1', false],
  ['*-large', 'x-large', true],
  ['*-large', 'x-large-2', false],
  ['a*b*c', 'a-b-b-c', true],
  ['a*b*c', 'a-c-b', false],
  ['a**c', 'ac', true],
  ['a.c', 'abc', false],
  ['', '', true],
  ['', 'a', false],
])('%j is matched by %j: %s', (pattern, text, expected) => {
  expect(wildcardMatches(pattern, text)).toBe(expected);
});

test.each<[string, string[], string[] | null, string[], string[]]>([
  ['what is required and what the job asks for', ['linux'], null, ['linux', 'large'], ['linux', 'large']],
  ['no pattern', ['linux', 'run-*'], null, ['linux', 'run-1'], ['linux', 'run-1']],
  ['self-hosted where nothing is left', ['run-*'], null, [], ['self-hosted']],
  ['self-hosted where nothing is required', [], ['a'], [], ['self-hosted']],
  ['what is required, for a job without labels', ['linux'], ['linux', 'x'], [], ['linux']],
])('the runner of a job is registered with %s', (_, requires, offers, asked, expected) => {
  expect(registrationLabels({requires, offers}, asked)).toEqual(expected);
});

test.each<[string, string[], string[] | null, string[]]>([
  ['all that is offered', ['linux'], ['linux', 'x64', 'large'], ['linux', 'x64', 'large']],
  ['what is offered where nothing is required', [], ['large'], ['large']],
  ['what is required where the offer has patterns', ['linux'], ['linux', 'run-*'], ['linux']],
  ['what is required where nothing is offered', ['linux', 'run-*'], null, ['linux']],
  ['nothing where there are only patterns', ['run-*'], ['run-*'], []],
])('a runner that no job asked for is registered with %s', (_, requires, offers, expected) => {
  expect(labelsWithoutJob({requires, offers})).toEqual(expected);
});
