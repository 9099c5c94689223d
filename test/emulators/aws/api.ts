import {type Fault, Faults} from '../tasks/faults';
import {perform, type Query} from './actions';
import {AwsRefusal} from './instances';
import {refusal} from './render';
import type {AwsWorld} from './world';

/** `lost`: it is done, and no answer comes. `reset`: neither. `proxy`: somebody else answers on the way there. */
export type AwsFault =
  | {readonly status: number; readonly code: string; readonly message?: string}
  | 'lost'
  | 'reset'
  | 'proxy';

/** An answer over HTTP; `broken`: none comes. */
export type AwsAnswer = {readonly status: number; readonly text: string} | 'broken';

/** So many requests are kept. */
const KEPT = 5_000;

/** EC2's query API without the transport: HTTP and the direct port are put over it. */
export class AwsApi {
  /** The newest ones. */
  readonly requests: Query[] = [];
  /** Requests for what there is not: a client asks for something that nobody thought of. */
  readonly violations: string[] = [];
  readonly #faults = new Faults<Query, AwsFault>();

  constructor(readonly world: AwsWorld) {}

  fault(fault: Fault<Query, AwsFault>): void {
    this.#faults.add(fault);
  }

  answer(query: Query): AwsAnswer {
    this.requests.push(query);
    if (this.requests.length > KEPT) this.requests.splice(0, KEPT / 2);
    const fault = this.#faults.take(query);
    if (fault === 'reset') return 'broken';
    if (fault === 'proxy') return {status: 502, text: '<html><title>502 Bad Gateway</title></html>'};
    if (typeof fault === 'object')
      return {status: fault.status, text: refusal(fault.code, fault.message ?? 'Refused.')};
    const answer = this.#perform(query);
    return fault === 'lost' ? 'broken' : answer;
  }

  #perform(query: Query): AwsAnswer {
    try {
      return {status: 200, text: perform(this.world, query)};
    } catch (error) {
      if (!(error instanceof AwsRefusal)) {
        this.violations.push(`${query.action}: ${String(error)}`);
        return {status: 500, text: refusal('InternalError', String(error))};
      }
      if (/^(UnknownParameter|InvalidAction|MissingParameter|InvalidParameterCombination)$/.test(error.code)) {
        this.violations.push(`${query.action}: ${error.message}`);
      }
      return {status: error.status, text: refusal(error.code, error.message)};
    }
  }
}
