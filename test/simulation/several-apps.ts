import type {SharedApp} from '../../shared/github/shared-discovery';
import type {App} from '../emulators/github/app';
import {directApps} from '../emulators/github/direct-apps';
import type {GitHubWorld} from '../emulators/github/model';
import type {EventScheduler} from './event-scheduler';
import type {AppAway, Setting} from './scenario';

/** The Apps of the setting, installed on every account, one of them with a while in which it does not act for any. */
export function planApps(
  github: GitHubWorld,
  {apps = 1, appAway}: Pick<Setting, 'apps' | 'appAway'>,
  scheduler: EventScheduler,
  options: {readonly deliveriesAPage: number},
): SharedApp[] {
  for (let app = 2; app <= apps; app++) github.addApp();
  const leaves = appAway?.app === 'first' ? github.app : github.apps.at(-1);
  if (appAway && leaves && apps > 1) {
    const startMs = scheduler.now();
    scheduler.at(startMs + appAway.fromMs, () => sendAway(leaves, appAway.how));
    scheduler.at(startMs + appAway.fromMs + appAway.forMs, () => bringBack(github, leaves));
  }
  return directApps(github, options);
}

function sendAway(app: App, how: AppAway['how']): void {
  for (const {id, account} of app.installations()) {
    if (how === 'suspended') app.installation(id).suspended = true;
    else if (how === 'forbidden') app.installation(id).permissions = {metadata: 'read', actions: 'write'};
    else app.uninstall(id);
    if (how === 'left_out') app.install(account, {id, repositories: []});
  }
}

function bringBack(github: GitHubWorld, app: App): void {
  for (const {id} of app.installations()) app.uninstall(id);
  for (const account of github.accounts.all()) app.install(account);
}
