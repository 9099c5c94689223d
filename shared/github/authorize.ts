import {RequestError} from '@octokit/request-error';
import type {Octokit} from '@octokit/rest';
import type {Secret} from '../secret';
import type {TokenSource} from './tokens';

/**
 * Sends every request with the current token; one that is refused with 401 did nothing, and goes once more when there is
 * another token. Not auth-app's own hook for it, which repeats a request up to three times with pauses in between.
 */
export function authorize(octokit: Octokit, tokens: TokenSource): void {
  octokit.hook.wrap('request', async (request, options) => {
    const send = (token: Secret) => {
      // Changed in place: octokit's hooks hand on these options, whatever is given to `request`.
      options.headers.authorization = `token ${token.reveal()}`;
      return request(options);
    };
    const token = await tokens.current();
    try {
      return await send(token);
    } catch (error) {
      if (!(error instanceof RequestError) || error.status !== 401) throw error;
      const other = await tokens.renew(token);
      if (!other) throw error;
      return send(other);
    }
  });
}
