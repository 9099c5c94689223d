import {readFileSync} from 'node:fs';
import type {Plugin} from 'esbuild';

/**
 * Puts the startup script into the bundles: what is deployed has no folder `terraform`. The module of shared/providers/ec2 that reads it is
 * replaced by one that has its text.
 */
export function embeddedStartupScript(root: string): Plugin {
  return {
    name: 'embedded-startup-script',
    setup(pluginBuild) {
      pluginBuild.onLoad({filter: /[\\/]shared[\\/]providers[\\/]ec2[\\/]startup-script\.ts$/}, () => ({
        contents: `export const STARTUP_SCRIPT = ${JSON.stringify(readFileSync(`${root}/terraform/runner/startup.sh`, 'utf8'))};`,
        loader: 'ts',
      }));
    },
  };
}
