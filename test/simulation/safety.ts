import type {ComputeWorld} from '../world/compute/model';
import type {Instance} from '../world/compute/resources';
import type {GitHubWorld} from '../world/github/model';
import type {Killed} from '../world/guest';
import {WEBHOOK_SECRET} from './environment';
import type {Setting} from './scenario';

/** A promise that was broken. */
export interface Violation {
  readonly rule:
    | 'busy_killed'
    | 'too_many_runners'
    | 'two_machines'
    | 'call_in_transaction'
    | 'secret'
    | 'foreign_touched'
    | 'redelivered_too_often'
    | 'world_contract'
    | 'unhandled'
    | 'job_not_run'
    | 'left_over'
    | 'too_many_creations'
    | 'vm_held'
    | 'vm_late'
    | 'never_quiet';
  readonly detail: string;
  readonly atMs: number;
}

export interface SafetyOptions {
  readonly setting: Setting;
  readonly github: GitHubWorld;
  readonly compute: ComputeWorld;
  readonly killed: readonly Killed[];
  readonly violated: (rule: Violation['rule'], detail: string) => void;
}

/** How each JIT config begins, a private key reads, and the webhook's secret. Text and not patterns: everything written is searched. */
const SECRETS = [Buffer.from('{".runner":"').toString('base64').slice(0, 15), 'PRIVATE KEY', WEBHOOK_SECRET];

/** What has to hold at each moment. Watches the world rather than asking it: a step costs only what it changed. */
export class Safety {
  /** VMs that hold a slot, by pool. A slot frees when the deletion is accepted. */
  readonly #held = new Map<string, Set<Instance>>();
  readonly #names = new Map<string, Instance>();
  #seenKilled = 0;

  constructor(private readonly options: SafetyOptions) {
    options.compute.observe(({kind, instance}) => {
      if (kind === 'accepted') this.#accepted(instance);
      if (kind === 'deleting' || kind === 'failed' || kind === 'deleted') this.#heldBy(instance).delete(instance);
      if (kind === 'failed' || kind === 'deleted') {
        if (this.#names.get(instance.name) === instance) this.#names.delete(instance.name);
      }
    });
  }

  /** After each step. */
  check(): void {
    const {killed, violated} = this.options;
    for (; this.#seenKilled < killed.length; this.#seenKilled++) {
      const one = killed[this.#seenKilled];
      violated('busy_killed', `${one?.instance.name} was taken away under job ${one?.job.id}`);
    }
  }

  /** What is written anywhere: a log line, a task's body, a document. */
  written(where: string, text: string): void {
    if (SECRETS.some((secret) => text.includes(secret))) {
      this.options.violated('secret', `${where}: ${text.slice(0, 200)}`);
    }
  }

  #accepted(instance: Instance): void {
    const {setting, violated} = this.options;
    const twin = this.#names.get(instance.name);
    if (twin) violated('two_machines', `${instance.name} is in ${twin.zone} and in ${instance.zone}`);
    this.#names.set(instance.name, instance);
    const held = this.#heldBy(instance);
    held.add(instance);
    const pool = poolOf(instance);
    const limit = setting.maxRunners[pool as keyof Setting['maxRunners']] ?? 0;
    if (held.size > limit) {
      const names = [...held].map(({name, status}) => `${name} ${status}`).join(', ');
      violated('too_many_runners', `${held.size} VMs of pool ${pool}, which may have ${limit}: ${names}`);
    }
  }

  #heldBy(instance: Instance): Set<Instance> {
    const pool = poolOf(instance);
    const held = this.#held.get(pool) ?? new Set();
    this.#held.set(pool, held);
    return held;
  }
}

function poolOf(instance: Instance): string {
  return instance.labels['slipway-pool'] ?? 'none';
}
