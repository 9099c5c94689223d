import {aJob, aRunner} from '../builders/lifecycle';
import {ComputeWorld} from '../emulators/compute/model';
import {ComputeServer} from '../emulators/compute/server';
import {GitHubWorld} from '../emulators/github/model';
import {serveGitHub} from '../emulators/github/server';
import {RealScheduler} from '../emulators/scheduler';
import {SeededRandom} from '../emulators/seeded-random';
import {FirestoreRest} from './firestore-rest';

const PROJECT = 'p';
const ZONE = 'us-central1-a';
const OWNER = 'acme';
const LABELS = ['self-hosted', 'linux'];
const POOL = 'arm';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const POOLS = `pools:
  - {name: ${POOL}, repos: ["${OWNER}/*"], requires: [self-hosted, linux], maxRunners: 20000, provider: {type: gce, template: t, zones: [${ZONE}]}}`;

export interface Fleet {
  /** What a function needs to find it. */
  readonly env: Readonly<Record<string, string>>;
  readonly github: GitHubWorld;
  readonly compute: ComputeServer;
  readonly firestore: FirestoreRest;
  close(): Promise<void>;
}

/**
 * So many busy runners, each on a VM of its own with its job, spread over the repositories; on record and at GitHub and Compute Engine,
 * which serve over HTTP in this process. Everything is in order, so that a sweep has nothing to do.
 */
export async function openFleet(size: number, repositories: number): Promise<Fleet> {
  const scheduler = new RealScheduler();
  const random = new SeededRandom(1);
  const github = new GitHubWorld({scheduler, random, latencies: {pickup: [0, 0]}});
  const names = Array.from({length: repositories}, (_, index) => `app-${String(index).padStart(4, '0')}`);
  for (const name of names) github.addRepository(`${OWNER}/${name}`);
  const compute = new ComputeWorld({scheduler, random});
  const firestore = new FirestoreRest(PROJECT);
  for (let first = 0; first < size; first += repositories) {
    for (let index = first; index < Math.min(size, first + repositories); index += 1) {
      addRunner({github, compute, firestore}, names[index % repositories] ?? '', index);
    }
    // GitHub gives each its job.
    await new Promise((turn) => setTimeout(turn, 5));
  }
  const idle = github.runners.all().filter(({job}) => job === null);
  if (idle.length > 0) throw new Error(`found ${idle.length} runners without a job, expected none`);

  const githubServer = await serveGitHub(github);
  const computeServer = new ComputeServer(compute);
  const {host, port} = await computeServer.listen();
  const env = {
    RUNNER_CONFIG: POOLS,
    GITHUB_API_URL: githubServer.url,
    GITHUB_APP_ID: String(github.app.id),
    GITHUB_APP_PRIVATE_KEY: github.app.privateKeyPem,
    GOOGLE_CLOUD_PROJECT: PROJECT,
    COMPUTE_EMULATOR_HOST: `${host}:${port}`,
    FIRESTORE_EMULATOR_HOST: await firestore.listen(),
    LOG_LEVEL: 'info',
  };
  return {
    env,
    github,
    compute: computeServer,
    firestore,
    async close() {
      await Promise.all([githubServer.close(), computeServer.close()]);
      firestore.close();
      scheduler.close();
    },
  };
}

type Worlds = {github: GitHubWorld; compute: ComputeWorld; firestore: FirestoreRest};

function addRunner({github, compute, firestore}: Worlds, repo: string, index: number): void {
  const repository = `${OWNER}/${repo}`;
  const scope = {kind: 'repository', owner: OWNER, repo} as const;
  const {id: jobId, runId} = github.queueJob({repository, labels: LABELS, durationMs: 2 * HOUR});
  const now = github.scheduler.now();
  const key = `${jobId}-1`;
  const slot = `${POOL}.${index}`;
  const times = {updatedAt: now - MINUTE, expireAt: now + 24 * HOUR};
  const waiting = aJob({jobId, runId, repository, status: 'in_progress', demand: 'none', ...times});
  const made = aRunner(waiting, {scope, labels: LABELS, slot, zone: ZONE, state: 'busy', covers: null, runs: key});
  const installationId = github.app.installations()[0]?.id ?? null;
  const runner = {
    ...made,
    installationId,
    createdAt: now - 2 * MINUTE,
    stateAt: now - MINUTE,
    expireAt: times.expireAt,
  };
  const {encodedJitConfig, runner: registered} = github.runners.generateJitConfig(scope, {
    name: runner.name,
    labels: LABELS,
    runnerGroupId: 1,
  });
  github.connect(encodedJitConfig);
  const labels = {'slipway-deployment': 'slipway', 'slipway-pool': POOL, 'slipway-job': key};
  compute.addInstance({name: runner.name, zone: ZONE, labels, status: 'RUNNING'});
  firestore.put('jobs', key, {...waiting, installationId, runner: runner.name});
  firestore.put('runners', runner.name, {...runner, githubId: registered.id});
  firestore.put('slots', slot, {pool: POOL, n: index, holder: runner.name, expireAt: times.expireAt});
}
