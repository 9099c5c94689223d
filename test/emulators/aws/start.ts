import type {GitHubWorld} from '../github/model';
import type {OidcIssuer} from '../oidc';
import {bootRunners, type RunnerProcessOptions} from '../runner-process';
import type {Scheduler} from '../scheduler';
import {useMetadataServer} from './metadata-host';
import {AwsServer} from './server';
import {AwsWorld} from './world';

export interface StartAwsOptions extends Pick<RunnerProcessOptions, 'bootMs' | 'failsToBoot' | 'killed'> {
  readonly scheduler: Scheduler;
  readonly oidc: OidcIssuer;
  readonly github: GitHubWorld;
}

/** AWS beside the rest of a system, with runners in its instances. `env`: what the functions have to know. */
export async function startAws({scheduler, oidc, ...boots}: StartAwsOptions) {
  const world = new AwsWorld({scheduler});
  const server = new AwsServer({world, scheduler, oidc});
  const {GCE_METADATA_HOST, ...env} = await server.listen();
  const takeBack = useMetadataServer(GCE_METADATA_HOST);
  bootRunners({machines: world, ...boots});
  return {
    world,
    server,
    env,
    async close() {
      takeBack();
      await server.close();
    },
  };
}
