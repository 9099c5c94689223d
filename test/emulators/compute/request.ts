import type {ComputeWorld} from './model';
import type {Json} from './resources';

/** A request as it came in. */
export interface ComputeRequest {
  readonly method: string;
  /** Without `/compute/v1`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Json;
}

/** What the answer to a request holds, once it is there. */
export type Resource = object | Promise<object>;

/** Answers the requests of one route; `parts`: what the groups of the route's path matched. Throws `ApiError`. */
export type Handler = (world: ComputeWorld, request: ComputeRequest, parts: readonly string[]) => Resource;
