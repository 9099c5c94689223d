import {customLabels, labelType, withCustomLabels, withoutLabel} from '../labels';
import type {GitHubWorld} from '../model';
import {notFound} from '../refusal';
import type {Registration} from '../registration';
import {isoSeconds} from '../time';
import {type Answer, type Call, type Handler, type Handlers, scopeOf, text} from './call';
import {paginate} from './paginate';

interface JitConfigBody {
  readonly name: string;
  readonly runner_group_id: number;
  readonly labels: readonly string[];
  readonly work_folder?: string;
}

const generate: Handler = (call) => {
  const body = call.body as JitConfigBody;
  const {runner, encodedJitConfig} = call.world.runners.generateJitConfig(scopeOf(call), {
    name: body.name,
    labels: body.labels,
    runnerGroupId: body.runner_group_id,
    ...(body.work_folder === undefined ? {} : {workFolder: body.work_folder}),
  });
  return {status: 201, body: {runner: runnerJson(call.world, runner), encoded_jit_config: encodedJitConfig}};
};

const list: Handler = (call) => {
  const {name} = call.query;
  const runners = call.world.runners.list(scopeOf(call), name === undefined ? undefined : String(name));
  const page = paginate(call, runners);
  return {
    status: 200,
    headers: page.headers,
    body: {total_count: page.total, runners: page.items.map((runner) => runnerJson(call.world, runner))},
  };
};

const get: Handler = (call) => ({status: 200, body: runnerJson(call.world, runnerOf(call))});

const remove: Handler = (call) => {
  call.world.runners.delete(scopeOf(call), Number(call.path['runner_id']));
  return {status: 204};
};

/** For config.sh. Slipway's runners come with a JIT config and need none. */
const token: Handler = (call) => ({
  status: 201,
  body: {token: `A${call.world.app.id}REGISTRATION`, expires_at: isoSeconds(call.world.authClock.now() + 3_600_000)},
});

const labels: Handler = (call) => labelAnswer(runnerOf(call));

const setLabels: Handler = (call) => relabel(call, (runner) => withCustomLabels(runner, givenLabels(call)));

const addLabels: Handler = (call) =>
  relabel(call, (runner) => withCustomLabels(runner, [...customLabels(runner), ...givenLabels(call)]));

const removeLabels: Handler = (call) => relabel(call, (runner) => withCustomLabels(runner, []));

const removeLabel: Handler = (call) => relabel(call, (runner) => withoutLabel(runner, text(call, 'name')));

function relabel(call: Call, change: (runner: Registration) => string[]): Answer {
  const runner = runnerOf(call);
  call.world.runners.relabel(runner, change(runner));
  return labelAnswer(runner);
}

function givenLabels(call: Call): readonly string[] {
  return (call.body as {labels: readonly string[]}).labels;
}

function labelAnswer(runner: Registration): Answer {
  return {status: 200, body: {total_count: runner.labels.length, labels: labelsJson(runner)}};
}

function runnerOf(call: Call): Registration {
  return call.world.runners.get(scopeOf(call), Number(call.path['runner_id']));
}

const downloads: Handler = (call) => ({status: 200, body: call.world.releases.applications()});

const deprecation: Handler = (call) => {
  const body = call.world.releases.deprecation(text(call, 'version'));
  if (!body) throw notFound();
  return {status: 200, body};
};

export function runnerJson(world: GitHubWorld, runner: Registration) {
  return {
    id: runner.id,
    runner_group_id: runner.group.id,
    name: runner.name,
    // GitHub learns system and version when the runner first connects.
    os: runner.session ? 'linux' : 'unknown',
    status: runner.session ? 'online' : 'offline',
    busy: world.runners.shownBusy(runner),
    ephemeral: runner.ephemeral,
    version: runner.session ? world.releases.inUse : null,
    labels: labelsJson(runner),
  };
}

function labelsJson(runner: Registration) {
  return runner.labels.map((name, index) => ({id: index + 1, name, type: labelType(runner, name)}));
}

export const runnerHandlers: Handlers = {
  'actions/generate-runner-jitconfig-for-repo': generate,
  'actions/generate-runner-jitconfig-for-org': generate,
  'actions/list-runner-applications-for-repo': downloads,
  'actions/list-runner-applications-for-org': downloads,
  'actions/get-runner-version-deprecation-for-repo': deprecation,
  'actions/get-runner-version-deprecation-for-org': deprecation,
  'actions/list-self-hosted-runners-for-repo': list,
  'actions/list-self-hosted-runners-for-org': list,
  'actions/get-self-hosted-runner-for-repo': get,
  'actions/get-self-hosted-runner-for-org': get,
  'actions/delete-self-hosted-runner-from-repo': remove,
  'actions/delete-self-hosted-runner-from-org': remove,
  'actions/create-registration-token-for-repo': token,
  'actions/create-registration-token-for-org': token,
  'actions/create-remove-token-for-repo': token,
  'actions/create-remove-token-for-org': token,
  'actions/list-labels-for-self-hosted-runner-for-repo': labels,
  'actions/list-labels-for-self-hosted-runner-for-org': labels,
  'actions/set-custom-labels-for-self-hosted-runner-for-repo': setLabels,
  'actions/set-custom-labels-for-self-hosted-runner-for-org': setLabels,
  'actions/add-custom-labels-to-self-hosted-runner-for-repo': addLabels,
  'actions/add-custom-labels-to-self-hosted-runner-for-org': addLabels,
  'actions/remove-all-custom-labels-from-self-hosted-runner-for-repo': removeLabels,
  'actions/remove-all-custom-labels-from-self-hosted-runner-for-org': removeLabels,
  'actions/remove-custom-label-from-self-hosted-runner-for-repo': removeLabel,
  'actions/remove-custom-label-from-self-hosted-runner-for-org': removeLabel,
};
