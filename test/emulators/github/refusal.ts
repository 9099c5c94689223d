export interface RefusalBody {
  readonly message: string;
  readonly documentation_url: string;
  readonly status: string;
  readonly errors?: readonly string[];
}

/** GitHub's "no": a status with GitHub's body. The HTTP server and the direct port each translate it into what their callers expect. */
export class GitHubRefusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = 'GitHubRefusal';
  }

  get body(): RefusalBody {
    return {message: this.message, documentation_url: 'https://docs.github.com/rest', status: String(this.status)};
  }
}

export function notFound(): GitHubRefusal {
  return new GitHubRefusal(404, 'Not Found');
}

/** A request that does not fit the description: GitHub answers 422 and names the field. */
export function invalid(detail: string): GitHubRefusal {
  return new GitHubRefusal(422, `Invalid request.\n\n${detail}`);
}
