import type {Clock} from '../../../shared/clock';
import {type Account, type Repository, sameName} from './account';
import {type AppKey, appKey} from './app-key';
import {INSTALLATION_TOKEN_LIFE} from './limits';
import type {ModelContext} from './model-context';
import {GitHubRefusal, notFound} from './refusal';

export type Permissions = Readonly<Record<string, 'read' | 'write'>>;

/** What Slipway's README asks for. */
export const PERMISSIONS: Permissions = {
  actions: 'write',
  administration: 'write',
  metadata: 'read',
  organization_self_hosted_runners: 'write',
};

export interface Installation {
  readonly id: number;
  readonly account: Account;
  /** Full names, lower case; `all` that the account has. */
  readonly repositories: 'all' | Set<string>;
  /** Those that the account has accepted. */
  permissions: Permissions;
  readonly createdAtMs: number;
  suspended: boolean;
}

export interface InstallationOptions {
  readonly id?: number;
  /** Full names; all unless given. */
  readonly repositories?: readonly string[];
  readonly permissions?: Permissions;
}

/** A token of an installation, or a personal one of a user. */
export type Token =
  | {readonly kind: 'installation'; readonly installation: Installation; readonly expiresAtMs: number}
  | PersonalToken;

export interface PersonalToken {
  readonly kind: 'personal';
  readonly login: string;
  /** Full names, lower case, that the user can see. */
  readonly repositories: 'all' | ReadonlySet<string>;
  /** Whether the user administers them; without it, runners are refused (403). */
  readonly admin: boolean;
  /** Of a classic token; a fine-grained one has none. They are shown and not checked. */
  readonly scopes?: readonly string[];
}

/** What a manifest says about an App. */
export interface NewAppSettings {
  readonly id: number;
  readonly slug: string;
  readonly permissions: Permissions;
  readonly events: readonly string[];
  readonly setupUrl: string | undefined;
}

/** The GitHub App, its installations, and every token that opens the API. */
export class App {
  id: number;
  slug = 'slipway-world';
  /** Where an installation leads the browser; undefined: nowhere. */
  setupUrl: string | undefined;
  /** What the App asks each account for. */
  permissions: Permissions = PERMISSIONS;
  /** What its webhook receives, as its settings say. */
  events: readonly string[] = ['workflow_job'];
  /** Set once the App has another key at GitHub than the deployment. */
  replacedKey: AppKey['publicKey'] | undefined;
  readonly #key: AppKey = appKey();
  readonly #installations = new Map<number, Installation>();
  readonly #tokens = new Map<string, Token>();
  /** Whether a JWT that has asked for a token is answered 404 for a second: auth-app’s own JWTs of one second are all the same. */
  refusesTwins = false;
  /** When each JWT came that asked for a token. */
  readonly #jwts = new Map<string, number>();

  constructor(
    private readonly world: ModelContext,
    /** When installation tokens expire. */
    private readonly clock: Clock,
    id: number,
  ) {
    this.id = id;
  }

  /** Another App, made from a manifest, takes the place of this one; it is installed nowhere. */
  become({id, slug, permissions, events, setupUrl}: NewAppSettings): void {
    for (const installation of this.installations()) this.uninstall(installation.id);
    this.id = id;
    this.slug = slug;
    this.permissions = permissions;
    this.events = events;
    this.setupUrl = setupUrl;
  }

  get privateKeyPem(): string {
    return this.#key.privateKeyPem;
  }

  get publicKey(): AppKey['publicKey'] {
    return this.replacedKey ?? this.#key.publicKey;
  }

  install(account: Account, options: InstallationOptions = {}): Installation {
    const installation: Installation = {
      id: options.id ?? this.world.ids.next('installation'),
      account,
      repositories: options.repositories ? new Set(options.repositories.map((name) => name.toLowerCase())) : 'all',
      permissions: options.permissions ?? this.permissions,
      createdAtMs: this.world.scheduler.now(),
      suspended: false,
    };
    this.#installations.set(installation.id, installation);
    return installation;
  }

  uninstall(id: number): void {
    this.#installations.delete(id);
    for (const [token, owner] of this.#tokens) {
      if (owner.kind === 'installation' && owner.installation.id === id) this.#tokens.delete(token);
    }
  }

  installations(): Installation[] {
    return [...this.#installations.values()];
  }

  /** Throws 404. */
  installation(id: number): Installation {
    const installation = this.#installations.get(id);
    if (!installation) throw notFound();
    return installation;
  }

  installationOfAccount(login: string): Installation | undefined {
    return this.installations().find((each) => sameName(each.account.login, login));
  }

  installationOf(repository: Repository): Installation | undefined {
    const installation = this.installationOfAccount(repository.owner.login);
    return installation && covers(installation.repositories, repository.fullName) ? installation : undefined;
  }

  /** Throws 404, and 403 when suspended. */
  createInstallationToken(id: number): {token: string; expiresAtMs: number; installation: Installation} {
    const installation = this.installation(id);
    if (installation.suspended) throw new GitHubRefusal(403, 'This installation has been suspended');
    const expiresAtMs = this.clock.now() + INSTALLATION_TOKEN_LIFE;
    const token = `ghs_${this.#noise()}`;
    this.#tokens.set(token, {kind: 'installation', installation, expiresAtMs});
    return {token, expiresAtMs, installation};
  }

  addPersonalToken(
    login: string,
    access: {repositories?: readonly string[]; admin?: boolean; scopes?: readonly string[]} = {},
  ): string {
    const token = `ghp_${this.#noise()}`;
    this.#tokens.set(token, {
      kind: 'personal',
      login,
      repositories: access.repositories ? new Set(access.repositories.map((name) => name.toLowerCase())) : 'all',
      admin: access.admin ?? true,
      ...(access.scopes ? {scopes: access.scopes} : {}),
    });
    return token;
  }

  /** Whether this text asks for a token for the first time in a second. */
  isNewJwt(jwt: string): boolean {
    const now = this.clock.now();
    for (const [text, atMs] of this.#jwts) if (now - atMs >= 1000) this.#jwts.delete(text);
    const isNew = !this.#jwts.has(jwt);
    this.#jwts.set(jwt, now);
    return isNew;
  }

  revoke(token: string): void {
    this.#tokens.delete(token);
  }

  /** Undefined when it is unknown, revoked or expired. */
  tokenOwner(token: string): Token | undefined {
    const owner = this.#tokens.get(token);
    if (owner?.kind !== 'installation') return owner;
    return owner.expiresAtMs > this.clock.now() ? owner : undefined;
  }

  /** 36 letters and digits, as behind the prefix of a real token. */
  #noise(): string {
    return `${this.world.random.uuid()}${this.world.random.uuid()}`.replaceAll('-', '').slice(0, 36);
  }
}

export function covers(repositories: 'all' | ReadonlySet<string>, fullName: string): boolean {
  return repositories === 'all' || repositories.has(fullName.toLowerCase());
}
