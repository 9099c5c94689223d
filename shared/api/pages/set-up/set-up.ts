import type {Request} from '@google-cloud/functions-framework';
import {ownersOf} from '../../../diagnosis/doctor/app';
import {hasApp} from '../../../diagnosis/has-app';
import {Refused, SlipwayError} from '../../../errors';
import {Problem} from '../../../http/errors';
import type {Reply} from '../../../http/server';
import type {Services, ServicesBase} from '../../../ports';
import {Secret} from '../../../secret';
import {findings} from '../../resources';
import {isLoopback} from '../../session';
import {type Page, pageReply} from '../document';
import type {PageFiles} from '../files';
import {baseOf, comesFromOwnPage, NOT_KEPT, originOf, requireOwnPage, wrongMethod} from '../request';
import * as html from './html';
import {keepApp} from './keep-app';
import {type AppOwner, appManifest, deleteAppUrl, newAppUrl} from './manifest';
import {type SetUpTargets, setUpNeeds} from './needs';
import {SetUpStates} from './states';

export interface SetUpOptions {
  readonly base: ServicesBase<'api'>;
  readonly services: () => Promise<Services<'api'>>;
  /** The fields of a form in the request's body. */
  readonly fields: (request: Request) => Promise<URLSearchParams>;
  /** Throws the problem `not-found` where the pages were not built. */
  readonly files: () => Promise<PageFiles>;
}

type NewApp = Awaited<ReturnType<ReturnType<Services<'api'>['appMaker']>['convert']>>;

/** A login of GitHub, also of an enterprise's managed user. */
const LOGIN = /^[A-Za-z\d](?:[\w-]{0,37}[A-Za-z\d])?$/;

/** Codes and states are copied into a page that opens itself again. */
const CODE = /^[\w-]{1,200}$/;

/**
 * `/setup` makes the GitHub App from a manifest and keeps its secrets; `/setup/callback` takes GitHub's code, and `/setup/done` shows what is
 * installed. Every page needs a session.
 *
 * @see https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
 */
export class SetUp {
  readonly #options: SetUpOptions;

  constructor(options: SetUpOptions) {
    this.#options = options;
  }

  /**
   * GitHub leads the browser here from its own site, so the first request carries no strict cookie: it is answered with a page that opens
   * the same URL again. Undefined: that was tried, or the path is another one.
   */
  async withoutSession(request: Request, path: string): Promise<Reply | undefined> {
    if ((path !== '/setup/callback' && path !== '/setup/done') || request.method !== 'GET') return undefined;
    if (comesFromOwnPage(request)) return undefined;
    const {search} = new URL(request.originalUrl, 'http://localhost');
    return this.#page(html.againPage(await this.#frame(request), path.replace('/setup/', '') + search));
  }

  /** `path`: without a prefix. `session`: `Sessions.idOf`. Undefined: there is no such page. */
  async answer(request: Request, path: string, session: string): Promise<Reply | undefined> {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const frame = await this.#frame(request);
    try {
      switch (path) {
        case '/setup':
          if (isRead) return await this.#start(frame);
          if (request.method === 'POST') return await this.#begin(request, frame, session);
          throw wrongMethod(request.method, 'GET, HEAD, POST');
        case '/setup/callback':
          if (request.method !== 'GET') throw wrongMethod(request.method, 'GET');
          return await this.#callback(request, frame, session);
        case '/setup/done':
          if (!isRead) throw wrongMethod(request.method, 'GET, HEAD');
          return await this.#done(frame);
        default:
          return undefined;
      }
    } catch (error) {
      if (!(error instanceof SlipwayError) || error instanceof Problem) throw error;
      this.#options.base.logger.warning('set-up: a page could not be shown', {decision: 'refused', error});
      return this.#page(html.failedPage(frame, error.message, [html.beginAgain(frame)]), statusOf(error));
    }
  }

  async #start(frame: html.Frame, problem?: string, status = 200): Promise<Reply> {
    const {config} = this.#options.base;
    const needs = setUpNeeds(config);
    if (needs.kind === 'missing') return this.#page(html.missingPage(frame, needs.missing));
    const owner: AppOwner = {kind: 'person', login: ''};
    const {default_permissions: asked} = appManifest({owner, pools: config.pools, urls: needs.targets, base: ''});
    const page = html.startPage(frame, {
      owners: ownersOf(config.pools),
      webUrl: config.github.webUrl,
      permissions: Object.entries(asked).map(([name, level]) => `${name}: ${level}`),
      configured: await this.#isConfigured(),
      problem,
    });
    return this.#page(page, status);
  }

  async #begin(request: Request, frame: html.Frame, session: string): Promise<Reply> {
    requireOwnPage(request);
    const {config, clock, random} = this.#options.base;
    const needs = setUpNeeds(config);
    if (needs.kind === 'missing') return this.#page(html.missingPage(frame, needs.missing), 409);
    const fields = await this.#options.fields(request);
    const login = fields.get('owner')?.trim() ?? '';
    if (!LOGIN.test(login)) return this.#start(frame, 'This is no name of an account at GitHub.', 400);
    const replace = fields.get('replace') === 'yes';
    if (!replace && (await this.#isConfigured())) {
      return this.#start(frame, 'An App is configured already. Tick the box to replace it.', 409);
    }
    const owner: AppOwner = {kind: fields.get('kind') === 'person' ? 'person' : 'organization', login};
    const {context} = await this.#options.services();
    const states = new SetUpStates({store: context.store, clock, random});
    const state = await states.begin(session, replace ? 'replace' : 'first');
    const base = loopbackBase(request) ?? needs.targets.apiUrl;
    const manifest = appManifest({owner, pools: config.pools, urls: needs.targets, base});
    const action = `${newAppUrl(config.github.webUrl, owner)}?state=${encodeURIComponent(state)}`;
    return this.#page(html.manifestPage(frame, {action, manifest}));
  }

  async #callback(request: Request, frame: html.Frame, session: string): Promise<Reply> {
    const {config, clock, random, logger} = this.#options.base;
    const needs = setUpNeeds(config);
    if (needs.kind === 'missing') return this.#page(html.missingPage(frame, needs.missing), 409);
    const {searchParams} = new URL(request.originalUrl, 'http://localhost');
    const [code = '', state = ''] = [searchParams.get('code') ?? '', searchParams.get('state') ?? ''];
    const {context} = await this.#options.services();
    const states = new SetUpStates({store: context.store, clock, random});
    const purpose = CODE.test(code) && CODE.test(state) ? await states.spend(state, session) : undefined;
    if (purpose === undefined) {
      logger.warning('set-up: a wrong state', {decision: 'refused', reason: 'state'});
      const problem =
        'This answer of GitHub belongs to no set-up that this session began in the last hour, or it was used already. Nothing was changed here; if GitHub has made an App for it, delete that in the settings of its owner.';
      return this.#page(html.failedPage(frame, problem, [html.beginAgain(frame)]), 403);
    }
    if (purpose === 'first' && (await this.#isConfigured())) {
      const problem =
        'Another App was configured meanwhile. Delete the new one in the settings of its owner at GitHub.';
      return this.#page(html.failedPage(frame, problem, []), 409);
    }
    try {
      return await this.#keep(frame, await this.#convert(code), needs.targets);
    } catch (error) {
      if (!(error instanceof SlipwayError)) throw error;
      logger.warning('set-up: GitHub has not handed over the App', {decision: 'failed', error});
      const remedy =
        'If GitHub shows the App in the settings of its owner (Developer settings, GitHub Apps), delete it: its key is lost.';
      return this.#page(html.failedPage(frame, error.message, [remedy, html.beginAgain(frame)]), statusOf(error));
    }
  }

  async #convert(code: string): Promise<NewApp & {readonly webhookSecret: Secret}> {
    const {random} = this.#options.base;
    const maker = (await this.#options.services()).appMaker();
    const app = await maker.convert(code);
    const {webhookSecret} = app;
    if (webhookSecret) return {...app, webhookSecret};
    const made = new Secret(`${random.uuid()}${random.uuid()}`);
    await maker.setWebhookSecret(app, made);
    return {...app, webhookSecret: made};
  }

  async #keep(
    frame: html.Frame,
    app: NewApp & {readonly webhookSecret: Secret},
    targets: SetUpTargets,
  ): Promise<Reply> {
    const {config, logger} = this.#options.base;
    const {webUrl} = config.github;
    const failed = await keepApp(app, targets, this.#options.base.addVersion);
    if (failed) {
      logger.error('set-up: a secret cannot be kept', {decision: 'failed', reason: failed.variable});
      return this.#page(html.notKeptPage(frame, failed, deleteAppUrl(webUrl, app.owner, app.slug)), 502);
    }
    this.#forget();
    logger.info(`set-up: the App ${app.slug} (${app.id}) is configured`, {decision: 'done'});
    return this.#page(html.installPage(frame, {name: app.name, url: `${app.htmlUrl}/installations/new`}));
  }

  async #done(frame: html.Frame): Promise<Reply> {
    const {base, services} = this.#options;
    this.#forget();
    const inspection = (await services()).inspection();
    if (inspection.credentials !== 'app') throw new Refused('GITHUB_TOKEN is used in place of a GitHub App');
    const [{items}, {htmlUrl}, found] = await Promise.all([
      inspection.installations(),
      inspection.app(),
      findings({...base, services}),
    ]);
    const installUrl = `${htmlUrl ?? base.config.github.webUrl}/installations/new`;
    return this.#page(html.donePage(frame, {installations: items, installUrl, findings: found}));
  }

  /** Whether the id of an App has an enabled version. Reads afresh. Throws `Unavailable` or `Refused` if that cannot be known. */
  #isConfigured(): Promise<boolean> {
    const {config, secrets} = this.#options.base;
    return hasApp(config.github, (source) => secrets.check(source));
  }

  /** Other instances read the new versions when GitHub refuses the former key, or when theirs are five minutes old. */
  #forget(): void {
    const {config, secrets} = this.#options.base;
    const {appId, privateKey} = config.github;
    if (appId !== undefined && typeof appId !== 'number') secrets.invalidate(appId);
    if (privateKey) secrets.invalidate(privateKey);
  }

  async #frame(request: Request): Promise<html.Frame> {
    return {files: await this.#options.files(), base: baseOf(request)};
  }

  #page(page: Page, status = 200): Reply {
    return pageReply(page, status, NOT_KEPT);
  }
}

/** GitHub or Secret Manager refuses, or does not answer. */
function statusOf({retryable}: SlipwayError): 502 | 503 {
  return retryable ? 503 : 502;
}

/** The root of `api` where the browser reaches it on its own machine, as through `gcloud run services proxy`; else undefined. */
function loopbackBase(request: Request): string | undefined {
  const origin = originOf(request);
  if (!isLoopback(origin)) return undefined;
  return request.get('origin') === origin ? origin : origin.replace(/^https:/, 'http:');
}
