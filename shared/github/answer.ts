import {RequestError} from '@octokit/request-error';

/** The body of GitHub's own refusals: a JSON object with a `message`. A proxy in front of GitHub answers with a page of its own. */
export function isGitHubsBody(body: unknown): body is {readonly message: string} {
  return typeof body === 'object' && body !== null && typeof Reflect.get(body, 'message') === 'string';
}

/** Whether GitHub itself refused a request with this status. Another sender's 404 does not say that something is gone. */
export function isRefusedWith(error: unknown, status: number): boolean {
  return error instanceof RequestError && error.status === status && isGitHubsBody(error.response?.data);
}
