/** A container on a modelled host: as its agent reports it. */
interface ModelContainer {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly command: readonly string[] | null;
  readonly timeoutMs: number;
  state: 'created' | 'running' | 'exited';
  exitCode: number | null;
  startedAtMs: number | null;
  finishedAtMs: number | null;
}

/** What the agent says, as JSON. */
export interface ModelReport {
  readonly agent: string;
  readonly containers: readonly {
    readonly name: string;
    readonly state: 'created' | 'running' | 'exited';
    readonly exit_code: number | null;
    readonly started_at: string | null;
    readonly finished_at: string | null;
  }[];
}

/** What the agent is told, as JSON. */
export interface ModelOrders {
  readonly start: readonly {
    readonly name: string;
    readonly env: Readonly<Record<string, string>>;
    readonly command: readonly string[] | null;
    readonly timeout_seconds: number;
  }[];
  readonly remove: readonly string[];
  readonly wait_seconds: number;
}

export interface HostModelOptions {
  readonly now: () => number;
  /** A container runs: its runner may connect. */
  readonly onRunning?: (container: {readonly name: string; readonly env: Readonly<Record<string, string>>}) => void;
  /** A container was killed or removed, whatever it did. */
  readonly onKilled?: (name: string) => void;
}

/**
 * A Docker host with its agent, as terraform/runner/docker-host.sh behaves: it reports what it has, takes orders, and forgets everything but
 * the containers themselves when it is started anew.
 */
export class HostModel {
  readonly #containers = new Map<string, ModelContainer>();
  /** Names that somebody else's containers have. */
  readonly #foreign = new Set<string>();
  /** Entries that could not be started, until they are asked to go. */
  readonly #failed = new Set<string>();
  readonly #options: HostModelOptions;

  constructor(options: HostModelOptions) {
    this.#options = options;
  }

  get containers(): readonly Readonly<ModelContainer>[] {
    return [...this.#containers.values()];
  }

  get foreign(): readonly string[] {
    return [...this.#foreign];
  }

  plantForeign(name: string): void {
    this.#foreign.add(name);
  }

  /** What the next sync says. Kills what is over its time first. */
  report(): ModelReport {
    const now = this.#options.now();
    for (const container of this.#containers.values()) {
      if (container.state !== 'running' || now - (container.startedAtMs ?? now) < container.timeoutMs) continue;
      this.exit(container.name, 137);
      this.#options.onKilled?.(container.name);
    }
    const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
    const containers = this.containers.map(({name, state, exitCode, startedAtMs, finishedAtMs}) => ({
      name,
      state,
      exit_code: exitCode,
      started_at: time(startedAtMs),
      finished_at: time(finishedAtMs),
    }));
    const failed = [...this.#failed].map((name) => ({
      name,
      state: 'exited' as const,
      exit_code: 125,
      started_at: null,
      finished_at: null,
    }));
    return {agent: '1', containers: [...containers, ...failed]};
  }

  /** Does what an answer orders. What is to be started is created, until `run`. */
  obey({start, remove}: ModelOrders): void {
    for (const name of remove) {
      this.#failed.delete(name);
      if (this.#containers.delete(name)) this.#options.onKilled?.(name);
    }
    for (const {name, env, command, timeout_seconds} of start) {
      if (this.#containers.has(name) || this.#failed.has(name)) continue;
      if (this.#foreign.has(name)) {
        this.#failed.add(name);
        continue;
      }
      const fresh = {state: 'created', exitCode: null, startedAtMs: null, finishedAtMs: null} as const;
      this.#containers.set(name, {name, env, command, timeoutMs: timeout_seconds * 1000, ...fresh});
    }
  }

  /** Starts what is created; of one name, or all. */
  run(only?: string): void {
    for (const container of this.#containers.values()) {
      if (container.state !== 'created' || (only !== undefined && container.name !== only)) continue;
      container.state = 'running';
      container.startedAtMs = this.#options.now();
      this.#options.onRunning?.(container);
    }
  }

  /** The container ends by itself. */
  exit(name: string, exitCode: number): void {
    const container = this.#containers.get(name);
    if (!container || container.state === 'exited') return;
    container.state = 'exited';
    container.exitCode = exitCode;
    container.finishedAtMs = this.#options.now();
  }

  /** The agent starts anew: it knows nothing but what Docker has, and starts what was created only. */
  restart(): void {
    this.#failed.clear();
    this.run();
  }

  /** Somebody removes a container by hand, or everything: the machine is gone. */
  lose(name?: string): void {
    for (const container of this.containers) {
      if (name !== undefined && container.name !== name) continue;
      this.#containers.delete(container.name);
      this.#options.onKilled?.(container.name);
    }
  }
}
