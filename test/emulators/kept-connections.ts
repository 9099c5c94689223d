/**
 * Options of a server that a test starts. Node ends a connection that was idle for 5 s; a client in the same process that sends its next request
 * at that moment (a busy machine makes it likely) gets ECONNRESET. Without that limit only the client ends idle connections, and `close` all.
 * @see https://nodejs.org/api/http.html#serverkeepalivetimeout
 */
export const KEPT_CONNECTIONS = {keepAliveTimeout: 0} as const;
