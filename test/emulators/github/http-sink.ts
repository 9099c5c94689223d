import type {Sink} from './delivery';

/** GitHub closes the connection after this. */
const TIMEOUT_MS = 10_000;

/** Posts deliveries to the hook's URL. Rejects with `TimeoutError` after 10 seconds of real time. */
export const httpSink: Sink = async ({url, headers, body}) => {
  const response = await fetch(url, {
    method: 'POST',
    headers,
    body,
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return {status: response.status, body: await response.text()};
};
