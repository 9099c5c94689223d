import {join} from 'node:path';
import type {HttpFunction} from '@google-cloud/functions-framework';
import {Api} from '../../shared/api/api';
import {PAGES_FOLDER, type PageFiles, readBuiltPages} from '../../shared/api/pages/files';
import type {PerMinute} from '../../shared/api/rate-limits';
import {readEnvironment} from '../../shared/config/variables';
import {serveFunction} from '../../shared/http/framework';
import {sendReply} from '../../shared/http/server';
import type {Services} from '../../shared/ports';
import type {ServicesOptions} from '../../shared/services';
import {createServicesBase, startLogger} from '../../shared/services-base';

/** Headers of every answer; an answer may override them. */
const HEADERS = {'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff'};

export interface ApiFunctionOptions extends ServicesOptions {
  /** Requests a minute of one caller, where the limits are not the usual ones. */
  readonly perMinute?: Partial<PerMinute>;
  /** In place of the pages that the build has put beside the function. */
  readonly pageFiles?: () => Promise<PageFiles | undefined>;
}

/**
 * The control API: health, status, runners, start and stop, jobs, dead letters, and its own documentation. `shared/api/routes` lists the
 * operations. Any other request is answered with a problem of RFC 9457.
 */
export function createApi(options: ApiFunctionOptions): HttpFunction {
  const {env, perMinute, pageFiles = () => readBuiltPages(join(__dirname, PAGES_FOLDER))} = options;
  const base = createServicesBase('api', options);
  const api = new Api({
    base,
    services: lazily(() => {
      const {createServices}: typeof import('../../shared/services') = require('../../shared/services');
      return createServices('api', options, base);
    }),
    startLogger: startLogger('api', options),
    // Cloud Run sets this variable; its front end is then between the clients and this function.
    pageFiles,
    isBehindCloudRun: env['K_SERVICE'] !== undefined,
    ...(perMinute ? {perMinute} : {}),
  });
  return async (request, response) => {
    const reply = await api.answer(request);
    sendReply(response, {...reply, headers: {...HEADERS, ...reply.headers}});
  };
}

/**
 * Loads the clients of Firestore, Compute Engine and GitHub for the first request that needs them, because health has to answer at once
 * after a start. Uses `require`: under Node's own `import()` a CommonJS module compiled from TypeScript has no named exports.
 */
function lazily(load: () => () => Promise<Services<'api'>>): () => Promise<Services<'api'>> {
  let services: (() => Promise<Services<'api'>>) | undefined;
  return async () => {
    services ??= load();
    return services();
  };
}

serveFunction('api', createApi({env: readEnvironment()}));
