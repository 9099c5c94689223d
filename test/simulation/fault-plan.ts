import type {BootFailure} from '../emulators/runner-process';
import type {CallEffect, CallFault, DispatchFault, Fault, Port, TaskLostFault, WebhookFault} from './scenario';

/** The scenario's faults that come by call: looks up which of them strikes this call, and keeps in `struck` which did. */
export class FaultPlan {
  readonly struck = new Set<Fault>();
  readonly #planned = new Map<string, Fault>();
  readonly #counts = new Map<string, number>();

  constructor(faults: readonly Fault[]) {
    for (const fault of faults) {
      const what = kindOf(fault);
      if (what && 'nth' in fault) this.#planned.set(`${what} ${fault.nth}`, fault);
    }
  }

  call(port: Port, method: string): CallEffect | undefined {
    const named = this.#next(`${port}.${method}`) as CallFault | undefined;
    const any = this.#next(`${port}.*`) as CallFault | undefined;
    return (named ?? any)?.effect;
  }

  webhook(): WebhookFault['effect'] | undefined {
    return (this.#next('webhook') as WebhookFault | undefined)?.effect;
  }

  dispatch(queue: string): DispatchFault['effect'] | undefined {
    return (this.#next(`dispatch ${queue}`) as DispatchFault | undefined)?.effect;
  }

  /** How the task that is being created is to be lost; undefined: it is not. */
  task(queue: string): TaskLostFault | undefined {
    return this.#next(`task ${queue}`) as TaskLostFault | undefined;
  }

  /** How the boot that begins fails; undefined: it does not. */
  boot(): BootFailure | undefined {
    const fault = this.#next('boot') as Extract<Fault, {on: 'boot'}> | undefined;
    return fault && (fault.by ?? 'hangs');
  }

  /** Whether the VM whose runner has ended goes on running. */
  staysUp(): boolean {
    return this.#next('power_off') !== undefined;
  }

  note(fault: Fault): void {
    this.struck.add(fault);
  }

  #next(what: string): Fault | undefined {
    const count = (this.#counts.get(what) ?? 0) + 1;
    this.#counts.set(what, count);
    const fault = this.#planned.get(`${what} ${count}`);
    if (fault) this.struck.add(fault);
    return fault;
  }
}

function kindOf(fault: Fault): string | undefined {
  switch (fault.on) {
    case 'call':
      return `${fault.port}.${fault.method ?? '*'}`;
    case 'dispatch':
    case 'task':
      return `${fault.on} ${fault.queue}`;
    case 'webhook':
    case 'boot':
    case 'power_off':
      return fault.on;
    default:
      return undefined;
  }
}
