import {type Account, sameName} from './account';
import type {Accounts} from './accounts';
import type {App, Permissions} from './app';
import type {Deliveries} from './deliveries';
import type {Hook, HookOptions} from './delivery';
import {httpSink} from './http-sink';
import type {ModelContext} from './model-context';
import {invalid, notFound} from './refusal';
import type {Violation} from './violations';

/** A code has to be converted within an hour. */
const CODE_LIFE_MS = 3600_000;

const MAX_NAME = 34;

const FIELDS = [
  'name',
  'url',
  'hook_attributes',
  'redirect_url',
  'callback_urls',
  'setup_url',
  'setup_on_update',
  'description',
  'public',
  'default_events',
  'default_permissions',
  'request_oauth_on_install',
];

/** A manifest, as a browser posted it. @see https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest */
export interface Manifest {
  readonly name: string;
  readonly url: string;
  readonly hook_attributes: {readonly url: string; readonly active?: boolean};
  readonly redirect_url: string;
  readonly setup_url?: string;
  readonly public?: boolean;
  readonly default_events?: readonly string[];
  readonly default_permissions?: Permissions;
}

/** An App that its owner has agreed to, and whose code nobody has converted yet. */
interface Agreed {
  readonly manifest: Manifest;
  readonly owner: Account;
  readonly untilMs: number;
}

export interface MadeApp {
  readonly name: string;
  readonly owner: Account;
  readonly webhookSecret: string | null;
}

/** The parts of GitHub that a new App changes. */
export interface ManifestWorld {
  readonly accounts: Accounts;
  readonly app: App;
  readonly deliveries: Deliveries;
  /** Where its pages are. */
  readonly webUrl: string;
  addHook(options: HookOptions): Hook;
  violated(violation: Violation): string;
}

/** Apps from manifests. The App of a converted code takes the place of the App of the world: the world has one. */
export class Manifests {
  /** The last manifest that a browser posted. */
  posted: Manifest | undefined;
  /** Whether GitHub answers a conversion without a secret of the webhook. */
  makesNoSecret = false;
  readonly #codes = new Map<string, Agreed>();

  constructor(
    private readonly world: ModelContext,
    private readonly github: ManifestWorld,
  ) {}

  /** Reads a manifest as GitHub's page does. Throws 422 in GitHub's words. */
  read(text: string): Manifest {
    const manifest = JSON.parse(text) as Manifest;
    const unknown = Object.keys(manifest).filter((name) => !FIELDS.includes(name));
    if (unknown.length > 0) this.github.violated({where: 'a manifest', problems: unknown.map((name) => `${name}?`)});
    if (!manifest.url) throw invalid('Error "url" wasn\'t supplied');
    if (!manifest.hook_attributes?.url) throw invalid('Error "url" wasn\'t supplied');
    if (!manifest.redirect_url) throw invalid('Error "redirect_url" wasn\'t supplied');
    if (!manifest.name || manifest.name.length > MAX_NAME) throw invalid('Name is too long (maximum is 34 characters)');
    if (manifest.default_events?.includes('workflow_job') && !manifest.default_permissions?.['actions']) {
      throw invalid('Default events unsupported: workflow_job');
    }
    this.posted = manifest;
    return manifest;
  }

  /** The owner agrees. Returns the code. */
  agree(manifest: Manifest, owner: Account): string {
    const code = this.world.random.uuid().replaceAll('-', '');
    this.#codes.set(code, {manifest, owner, untilMs: this.world.scheduler.now() + CODE_LIFE_MS});
    return code;
  }

  /** Makes the App. Throws 404 for a code that is unknown, used or too old. */
  convert(code: string): MadeApp {
    const agreed = this.#codes.get(code);
    this.#codes.delete(code);
    if (!agreed || agreed.untilMs <= this.world.scheduler.now()) throw notFound();
    const {manifest, owner} = agreed;
    this.github.app.become({
      id: this.world.ids.next('app'),
      slug: manifest.name.toLowerCase(),
      permissions: manifest.default_permissions ?? {},
      events: manifest.default_events ?? [],
      setupUrl: manifest.setup_url,
    });
    const webhookSecret = this.makesNoSecret ? null : this.world.random.uuid();
    this.#hook(manifest.hook_attributes.url, webhookSecret ?? '');
    return {name: manifest.name, owner, webhookSecret};
  }

  /** The former App's hook is not this App's. */
  #hook(url: string, secret: string): Hook {
    const {deliveries} = this.github;
    for (const former of deliveries.hooks()) if (former.target.kind === 'app') deliveries.removeHook(former);
    return this.github.addHook({url, secret, deliver: httpSink});
  }

  /** Installs the App on its owner's repositories. Returns where the browser goes next. */
  install(login: string): string {
    const {accounts, app} = this.github;
    const account = accounts.account(login);
    if (!account) throw notFound();
    const known = app.installations().find((each) => sameName(each.account.login, login));
    const {id} = known ?? app.install(account);
    return app.setupUrl === undefined
      ? `${this.github.webUrl}/apps/${app.slug}`
      : `${app.setupUrl}?installation_id=${id}&setup_action=install`;
  }
}
