import {aSystem, type TestSystem} from '../builders/system';
import {QUEUES} from '../emulators/system';

const MORE = [2, 3, 4].map((number) => QUEUES.provision.replace(/provision$/, `provision-${number}`));
const POOLS = `pools:
  - {name: arm, repos: ["*/*"], requires: [self-hosted], maxRunners: 1, provider: {type: gce, template: runner-arm64, zones: [us-central1-a]}}`;

let system: TestSystem;
beforeAll(async () => {
  system = await aSystem({
    pools: POOLS,
    repositories: ['acme/app', 'tyrell/app', 'cyberdyne/app'],
    env: {PROVISION_QUEUE: [QUEUES.provision, ...MORE].join(',')},
  });
}, 60_000);
afterAll(() => system.close());

/** The provision queues in which the tasks of each owner were. */
function queuesByOwner(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const {path, body} of system.tasks.requests) {
    const queue = /queues\/(provision[^/]*)\/tasks$/.exec(path)?.[1];
    if (!queue) continue;
    const text = Buffer.from(
      (body as {task: {httpRequest: {body: string}}}).task.httpRequest.body,
      'base64',
    ).toString();
    const {kind, event, job} = JSON.parse(text) as {kind: string; event?: {repository: string}; job?: string};
    const repository =
      event?.repository ?? system.github.queue.jobs().find(({id}) => job?.startsWith(`${id}-`))?.repository;
    const owner = repository?.split('/')[0] ?? kind;
    found.set(owner, (found.get(owner) ?? new Set()).add(queue));
  }
  return found;
}

test('every task of an owner is in the owner’s queue: of events, and of jobs that wait for a slot', async () => {
  for (const repository of ['acme/app', 'tyrell/app', 'cyberdyne/app', 'acme/app', 'tyrell/app', 'cyberdyne/app']) {
    system.queueJob({repository, labels: ['self-hosted'], durationMs: 60_000});
  }
  await system.pass(60 * 60_000);
  expect(system.github.queue.jobs().map(({status}) => status)).toEqual(Array.from({length: 6}, () => 'completed'));
  const kinds = system.tasks.requests.filter(({path}) => /provision/.test(path));
  // One runner at a time: most jobs are demanded once more when a slot is free.
  expect(kinds.length).toBeGreaterThan(6);
  const one = (queue: string) => new Set([queue]);
  expect(queuesByOwner()).toEqual(
    new Map([
      ['acme', one('provision-2')],
      ['tyrell', one('provision-4')],
      ['cyberdyne', one('provision')],
    ]),
  );
}, 120_000);
