import {ownerOfRepository, provisionQueueFor} from '../../shared/model/queues';

test('with one queue every task is in it', () => {
  expect(provisionQueueFor(['a'], 'acme')).toBe('a');
  expect(provisionQueueFor(['a'], undefined)).toBe('a');
});

test('the queue of an owner is always the same: a task is created once, whoever creates it', () => {
  const queues = ['a', 'b', 'c', 'd'];
  // These do not change from version to version: a task of one version and its repetition by the next have to meet.
  const owners = ['acme', 'ACME', 'globex', 'initech', 'cyberdyne', 'tyrell'];
  expect(owners.map((owner) => provisionQueueFor(queues, owner))).toEqual(['b', 'b', 'b', 'c', 'a', 'd']);
});

test('the owner of a repository is before the slash', () => {
  expect(ownerOfRepository('acme/app')).toBe('acme');
});
