import type {Clock} from '../../clock';
import type {Secret} from '../../secret';
import {type Application, type BuildPage, readApplication, readBuild, readBuildPage, readStarted} from './answers';
import {CodemagicFailure, failureOf, type HttpAnswer, saysAbsent} from './failure';
import type {Build} from './ours';

/** The start of a build: all that CodeMagic is told. */
export interface NewBuild {
  readonly app: string;
  readonly workflow: string;
  readonly branch: string;
  readonly instanceType: string | undefined;
  readonly labels: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  /** Values of the variables that no message may contain. */
  readonly secrets: readonly string[];
}

/** CodeMagic, as the provider calls it. Every method throws `CodemagicFailure`, and `Unavailable` where the token cannot be read. */
export interface Codemagic {
  /** Returns the id of the new build. There is no key that makes a repetition safe: each call starts another build. */
  startBuild(build: NewBuild): Promise<string>;
  /** Undefined: there is no such build. */
  getBuild(id: string): Promise<Build | undefined>;
  /** `accepted`: it is cancelled, or has ended already. */
  cancelBuild(id: string): Promise<'accepted' | 'absent'>;
  /** All builds of the team, whoever started them, the newest first. */
  listBuilds(team: string, cursor?: string): Promise<BuildPage>;
  /** Undefined: there is no such application, or the token's user does not see it. */
  getApplication(app: string): Promise<Application | undefined>;
}

/** The token of the API. */
export interface TokenSource {
  read(): Promise<Secret>;
  /** The token was refused: the next `read` asks where it is kept. */
  invalidate(): void;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends a request. Rejects when no answer came in time. */
export type Send = (request: HttpRequest) => Promise<HttpAnswer>;

export interface CodemagicOptions {
  /** Of v1, without a slash at the end. */
  readonly apiUrl: string;
  /** Of v3, which CodeMagic has on another host than v1. */
  readonly v3Url: string;
  readonly token: TokenSource;
  readonly clock: Pick<Clock, 'now'>;
  /** Default: over HTTP. */
  readonly send?: Send;
}

/** Builds on one page, the most that v3 takes. */
const PAGE_SIZE = 100;

/** Time-out of a call, in milliseconds of real time. */
const CALL_TIMEOUT_MS = 15_000;

interface Call {
  /** The call as messages name it. */
  readonly what: string;
  readonly request: Omit<HttpRequest, 'headers'>;
  readonly secrets?: readonly string[];
}

/**
 * Client of CodeMagic's API, of which v1 starts, reads and cancels builds, and v3 lists those of a team.
 *
 * @see https://docs.codemagic.io/rest-api/builds/
 * @see https://codemagic.io/api/v3/schema
 */
export function createCodemagic({apiUrl, v3Url, token, clock, send = overHttp}: CodemagicOptions): Codemagic {
  async function attempt({what, request}: Call, value: Secret): Promise<HttpAnswer> {
    const headers = {
      accept: 'application/json',
      'x-auth-token': value.reveal(),
      ...(request.body === undefined ? {} : {'content-type': 'application/json'}),
    };
    try {
      return await send({...request, headers});
    } catch {
      // The original error may quote the request.
      throw new CodemagicFailure(
        'uncertain',
        `${what}: CodeMagic gave no answer within ${CALL_TIMEOUT_MS / 1000} s; it may have taken effect`,
      );
    }
  }

  /** A refused token had no effect, so the call is repeated once if another token is there by now. */
  async function ask(call: Call): Promise<{readonly answer: HttpAnswer; readonly failure: () => CodemagicFailure}> {
    const value = await token.read();
    let answer = await attempt(call, value);
    let used = value;
    if (answer.status === 401) {
      token.invalidate();
      used = await token.read();
      if (used.reveal() !== value.reveal()) answer = await attempt(call, used);
    }
    const secrets = [used.reveal(), value.reveal(), ...(call.secrets ?? [])];
    return {answer, failure: () => failureOf(call.what, answer, clock, secrets)};
  }

  /** Reads the answer of a call that asks for something; undefined: CodeMagic says that it does not exist. */
  async function read<T>(call: Call, of: (body: unknown) => T | undefined): Promise<T | undefined> {
    const {answer, failure} = await ask(call);
    if (saysAbsent(answer)) return undefined;
    if (answer.status !== 200) throw failure();
    return orUnreadable(call.what, of(json(answer)));
  }

  return {
    async startBuild({app, workflow, branch, instanceType, labels, variables, secrets}) {
      const body = JSON.stringify({
        ...{appId: app, workflowId: workflow, branch, labels, environment: {variables}},
        ...(instanceType === undefined ? {} : {instanceType}),
      });
      const call = {
        what: `start a build of ${workflow} in ${app}`,
        request: {method: 'POST', url: `${apiUrl}/builds`, body},
        secrets,
      } as const;
      const {answer, failure} = await ask(call);
      if (answer.status !== 200 && answer.status !== 201) throw failure();
      return orUnreadable(call.what, readStarted(json(answer)));
    },

    getBuild(id) {
      const url = `${apiUrl}/builds/${encodeURIComponent(id)}`;
      return read({what: `read build ${id}`, request: {method: 'GET', url}}, readBuild);
    },

    async cancelBuild(id) {
      const url = `${apiUrl}/builds/${encodeURIComponent(id)}/cancel`;
      const {answer, failure} = await ask({what: `cancel build ${id}`, request: {method: 'POST', url}});
      if (saysAbsent(answer)) return 'absent';
      // 208: it had ended by itself.
      // mutation: codemagic 208
      if (answer.status === 200 || answer.status === 208) return 'accepted';
      throw failure();
    },

    async listBuilds(team, cursor) {
      const query = new URLSearchParams({page_size: String(PAGE_SIZE), ...(cursor === undefined ? {} : {cursor})});
      const url = `${v3Url}/teams/${encodeURIComponent(team)}/builds?${query}`;
      const call = {what: `list the builds of team ${team}`, request: {method: 'GET', url}} as const;
      const {answer, failure} = await ask(call);
      if (answer.status !== 200) throw failure();
      return orUnreadable(call.what, readBuildPage(json(answer)));
    },

    getApplication(app) {
      const url = `${apiUrl}/apps/${encodeURIComponent(app)}`;
      return read({what: `read application ${app}`, request: {method: 'GET', url}}, readApplication);
    },
  };
}

function json({body}: HttpAnswer): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function orUnreadable<T>(what: string, value: T | undefined): T {
  if (value !== undefined) return value;
  throw new CodemagicFailure('uncertain', `${what}: CodeMagic answered in another form than its documentation has`);
}

/** No redirect is followed: the token goes to nobody else. */
const overHttp: Send = async ({method, url, headers, body}) => {
  const response = await fetch(url, {
    method,
    headers: {...headers},
    ...(body === undefined ? {} : {body}),
    redirect: 'manual',
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  });
  return {status: response.status, headers: Object.fromEntries(response.headers), body: await response.text()};
};
