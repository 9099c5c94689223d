import {type Codemagic, createCodemagic} from '../../../shared/providers/codemagic/client';
import {Secret} from '../../../shared/secret';
import {type CodemagicApi, TOKEN} from './api';

/** After so long a client gives up on an answer that does not come. */
const PATIENCE_MS = 15_000;
const URL_OF_API = 'http://codemagic';

/** The real client straight on the model, for the deterministic simulation: no sockets, but the same requests and answers as over HTTP. */
export function directCodemagic(api: CodemagicApi): Codemagic {
  const {scheduler} = api.world;
  const token = {read: async () => new Secret(TOKEN), invalidate: () => undefined};
  return createCodemagic({
    ...{apiUrl: URL_OF_API, v3Url: `${URL_OF_API}/api/v3`, token, clock: scheduler},
    async send({method, url, headers, body = ''}) {
      const answer = api.answer({method, url: url.slice(URL_OF_API.length), headers, body});
      if (answer === 'hanging') await scheduler.sleep(PATIENCE_MS);
      if (answer === 'hanging' || answer === 'broken') throw new Error('the connection broke');
      return answer;
    },
  });
}
