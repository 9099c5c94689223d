import type {App} from './app';

/** One webhook request as it goes out. */
export interface DeliveryRequest {
  /** Where the hook points to. */
  readonly url: string;
  /** Names as GitHub spells them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface DeliveryAnswer {
  readonly status: number;
  readonly body?: string;
}

/** Takes a delivery to where it goes: over HTTP (`httpSink`) or straight into a function. Rejects when no answer comes. */
export type Sink = (request: DeliveryRequest) => Promise<DeliveryAnswer>;

export interface HookOptions {
  /** Of the first App unless given. */
  readonly target?:
    | {readonly kind: 'app'; readonly app?: App}
    | {readonly kind: 'repository' | 'organization'; readonly name: string};
  readonly url?: string;
  readonly secret: string;
  readonly deliver: Sink;
}

export interface Hook {
  readonly id: number;
  readonly target: NonNullable<HookOptions['target']>;
  url: string;
  /** Several while it is rotated are the receiver's matter: GitHub signs with this one. */
  secret: string;
  active: boolean;
  readonly deliver: Sink;
  readonly createdAtMs: number;
}

/** One attempt to deliver one event to one hook, as GitHub lists it. A redelivery has another id and the same guid. */
export interface Delivery {
  readonly id: number;
  readonly guid: string;
  readonly hook: Hook;
  readonly event: string;
  readonly action: string | null;
  readonly repositoryId: number | null;
  readonly installationId: number | null;
  readonly redelivery: boolean;
  readonly deliveredAtMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  durationMs: number;
  /** 0 while there is no answer, and when none came. */
  statusCode: number;
  /** `OK`, or GitHub's words for the failure. */
  status: string;
  responseBody: string | null;
}

/** What `status` filters by: the status code alone, as GitHub describes it. What got no answer is in neither list. */
export function outcomeOf({statusCode}: Delivery): 'success' | 'failure' | undefined {
  if (statusCode >= 200 && statusCode < 400) return 'success';
  return statusCode >= 400 && statusCode < 600 ? 'failure' : undefined;
}
