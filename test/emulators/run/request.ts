/** A request as it came in; `path` begins with `projects/`. */
export interface RunRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
}
