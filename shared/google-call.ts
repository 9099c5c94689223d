import {GoogleAuth, PassThroughClient} from 'google-auth-library';
import {googleAnswer} from './google-answer';

/** A plain-HTTP emulator of a REST API of Google. */
export interface GoogleEmulator {
  readonly host: string;
  readonly port: number;
}

/** What the constructors of Google's clients take. */
export type GoogleClientOptions =
  | {auth: GoogleAuth}
  | {auth: GoogleAuth; apiEndpoint: string; port: number; protocol: string};

/** A refused call. `status` undefined: no answer came. */
export interface RefusedCall {
  readonly status?: number;
  /** Reason in the error body of the API, e.g. `quotaExceeded` or `RESOURCE_EXHAUSTED`. Undefined: somebody else answered. */
  readonly reason?: string;
  /** The finer reason of newer APIs, e.g. `RATE_LIMIT_EXCEEDED`. */
  readonly info?: string;
  readonly message: string;
}

/** Reads an error of a client library. */
export function readRefusal(error: unknown): RefusedCall {
  if (!isObject(error)) return {message: String(error)};
  const message = typeof error['message'] === 'string' ? error['message'] : 'no message';
  const status = error['httpStatusCode'];
  const {reason, info} = googleAnswer(error) ?? {};
  return {
    message,
    ...(typeof status === 'number' ? {status} : {}),
    ...(reason ? {reason} : {}),
    ...(info ? {info} : {}),
  };
}

/** DEADLINE_EXCEEDED of gRPC, set by the client itself: no HTTP answer came. */
export function isDeadline(error: unknown): boolean {
  return isObject(error) && error['code'] === 4 && error['httpStatusCode'] === undefined;
}

/** Whether google-auth-library found no credentials at all, which no retry will change. */
export function lacksCredentials(message: string): boolean {
  return message.includes('Could not load the default credentials');
}

/** One GoogleAuth for all clients, which share its token. Each client gets an options object of its own, because it writes into it. */
export function googleClientOptions(emulator: GoogleEmulator | undefined): () => GoogleClientOptions {
  if (!emulator) {
    const auth = new GoogleAuth({scopes: ['https://www.googleapis.com/auth/cloud-platform']});
    return () => ({auth});
  }
  // Without this auth the clients would first ask a metadata server, which does not exist here.
  const auth = new GoogleAuth({authClient: new PassThroughClient()});
  return () => ({auth, apiEndpoint: emulator.host, port: emulator.port, protocol: 'http'});
}

/**
 * Initialises a client before its first call, and creates it again if that failed. Otherwise the generated methods would throw the error
 * outside of any promise, which would end the process.
 */
export function lazyClient<T extends {initialize(): Promise<unknown>}>(make: () => T): () => Promise<T> {
  let ready: Promise<T> | undefined;
  return () => {
    ready ??= initialise(make()).catch((error: unknown) => {
      ready = undefined;
      throw error;
    });
    return ready;
  };
}

async function initialise<T extends {initialize(): Promise<unknown>}>(client: T): Promise<T> {
  await client.initialize();
  return client;
}

function isObject(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === 'object' && value !== null;
}
