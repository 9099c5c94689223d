const HTTP_STATUS = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  ABORTED: 409,
  RESOURCE_EXHAUSTED: 429,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
} as const;

export type ApiStatus = keyof typeof HTTP_STATUS;

/** An error of a Google API. @see https://cloud.google.com/apis/design/errors#http_mapping */
export class ApiError extends Error {
  readonly code: number;

  constructor(
    readonly status: ApiStatus,
    message: string,
  ) {
    super(message);
    this.code = HTTP_STATUS[status];
  }

  toJSON(): object {
    return {error: {code: this.code, message: this.message, status: this.status}};
  }
}
