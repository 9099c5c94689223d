import type {AppInstallation, Listed} from '../../github/github';
import {error, type Found, ok, warning} from './check';

/** Whether the App is installed on every account that the pools name. */
export function installationsFinding({items, failure}: Listed<AppInstallation>, owners: readonly string[]): Found {
  const byLogin = new Map(items.map((each) => [each.login.toLowerCase(), each]));
  const absent = owners.filter((owner) => !byLogin.has(owner));
  if (absent.length > 0 && failure !== undefined) throw failure;
  const suspended = owners.filter((owner) => byLogin.get(owner)?.isSuspended);
  const wrong = [
    ...(absent.length > 0 ? [`the App is not installed on ${absent.join(', ')}`] : []),
    ...(suspended.length > 0 ? [`the installation is suspended on ${suspended.join(', ')}`] : []),
  ];
  if (wrong.length > 0)
    return error(wrong.join('; '), 'Install the App there on the repositories of the pools, or unsuspend it.');
  if (items.every(({isSuspended}) => isSuspended)) {
    if (failure !== undefined) throw failure;
    return error('the App is installed on no account', 'Install the App on the repositories of the pools.');
  }
  return ok(
    `the App is installed on ${items
      .filter(({isSuspended}) => !isSuspended)
      .map(({login}) => login)
      .join(', ')}`,
  );
}

/**
 * The same of the first App. `elsewhere`: accounts on which another App is installed. Their jobs are served, but nobody tells of them, because the
 * first App alone has a webhook.
 */
export function ownInstallationsFinding(
  installed: Listed<AppInstallation>,
  owners: readonly string[],
  elsewhere: readonly string[],
): Found {
  const found = installationsFinding(installed, owners);
  if (found.status !== 'error') return found;
  const rest = installationsFinding(
    installed,
    owners.filter((owner) => !elsewhere.includes(owner)),
  );
  if (rest.status === 'error') return found;
  return warning(`${found.because}; another App acts there, and the sweep has to find the jobs`, found.do);
}
