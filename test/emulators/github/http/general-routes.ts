import {covers} from '../app';
import {repositoryJson} from '../payload';
import {GitHubRefusal} from '../refusal';
import {fullName, type Handler, type Handlers, text} from './call';
import {paginate} from './paginate';

const rateLimit: Handler = ({world, identity}) => {
  const core = world.limits.state(identity.caller);
  const search = {limit: 30, used: 0, remaining: 30, reset: core.reset};
  return {status: 200, body: {resources: {core, search}, rate: core}};
};

const meta: Handler = () => ({
  status: 200,
  body: {verifiable_password_authentication: false, hooks: ['192.30.252.0/22', '185.199.108.0/22', '127.0.0.0/8']},
});

const userRepositories: Handler = (call) => {
  const {identity, world} = call;
  if (identity.kind !== 'token' || identity.token.kind !== 'personal') {
    throw new GitHubRefusal(403, 'Resource not accessible by integration');
  }
  const {repositories} = identity.token;
  const seen = world.accounts.repositories().filter((repository) => covers(repositories, repository.fullName));
  const page = paginate(call, seen);
  return {
    status: 200,
    headers: page.headers,
    body: page.items.map((repository) => repositoryJson(repository, call.world.webUrl)),
  };
};

const oneRepository: Handler = (call) => {
  const repository = call.world.accounts.repository(fullName(call));
  const counts = {network_count: 0, subscribers_count: 0, has_discussions: false};
  return {status: 200, body: {...repositoryJson(repository, call.world.webUrl), ...counts}};
};

const organizationRepositories: Handler = (call) => {
  const {world} = call;
  const page = paginate(call, world.accounts.repositoriesOf(world.accounts.organization(text(call, 'org'))));
  return {
    status: 200,
    headers: page.headers,
    body: page.items.map((repository) => repositoryJson(repository, call.world.webUrl)),
  };
};

export const generalHandlers: Handlers = {
  'rate-limit/get': rateLimit,
  'meta/get': meta,
  'repos/list-for-authenticated-user': userRepositories,
  'repos/get': oneRepository,
  'repos/list-for-org': organizationRepositories,
};
