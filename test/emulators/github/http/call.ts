import type {RunnerScope} from '../../../../shared/model/scope';
import type {App, Token} from '../app';
import type {Hook} from '../delivery';
import type {GitHubWorld} from '../model';

/** Who asks. */
export type Identity =
  | {readonly kind: 'app'; readonly app: App; readonly caller: string}
  | {readonly kind: 'token'; readonly token: Token; readonly caller: string}
  | {readonly kind: 'nobody'; readonly caller: string};

/** One request that fits the description, by somebody who may make it. */
export interface Call {
  readonly world: GitHubWorld;
  readonly identity: Identity;
  /** With `/api/v3` where the request had it: what `Link` is made of. */
  readonly url: URL;
  readonly path: Readonly<Record<string, string | number>>;
  readonly query: Readonly<Record<string, string | number | boolean>>;
  /** Fits the description of the operation, whose handler knows it. */
  readonly body: unknown;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export type Handler = (call: Call) => Answer;

/** Handlers by operationId. */
export type Handlers = Readonly<Record<string, Handler>>;

/** The App that asks, also by a token of one of its installations; the first one for anybody else. */
export function appOf({identity, world}: Pick<Call, 'identity' | 'world'>): App {
  if (identity.kind === 'app') return identity.app;
  const {token} = identity.kind === 'token' ? identity : {};
  const id = token?.kind === 'installation' ? token.installation.id : undefined;
  return world.apps.find((app) => app.installations().some((each) => each.id === id)) ?? world.app;
}

/** Whether a hook is that of the App that asks. */
export function isOfApp(call: Call): (hook: Hook) => boolean {
  const app = appOf(call);
  return ({target}) => target.kind === 'app' && (target.app ?? call.world.app) === app;
}

export function text(call: Call, name: string): string {
  return String(call.path[name] ?? '');
}

export function fullName(call: Call): string {
  return `${text(call, 'owner')}/${text(call, 'repo')}`;
}

/** The paths of both scopes end alike. */
export function scopeOf(call: Call): RunnerScope {
  return 'org' in call.path
    ? {kind: 'organization', org: text(call, 'org')}
    : {kind: 'repository', owner: text(call, 'owner'), repo: text(call, 'repo')};
}
