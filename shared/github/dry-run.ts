import type {Logger} from '../logger';
import {Secret} from '../secret';
import type {GitHubFor} from './github';

/** `DRY_RUN`: reads from GitHub for real, and logs what it would change there instead of changing it. */
export function dryRunGitHub(github: GitHubFor, logger: Logger): GitHubFor {
  return (scope, installationId) => {
    const real = github(scope, installationId);
    return {
      async createJitConfig(request) {
        logger.info(`dry run: would register runner ${request.name}`, {
          decision: 'dry_run',
          runner: request.name,
          scope,
        });
        return {runnerId: 0, encodedJitConfig: new Secret('dry-run')};
      },
      findRunner: (name) => real.findRunner(name),
      getRunner: (id) => real.getRunner(id),
      listRunners: () => real.listRunners(),
      async deleteRunner(id) {
        logger.info(`dry run: would deregister runner ${id}`, {decision: 'dry_run', runnerId: id, scope});
        return 'deleted';
      },
      async removeLabel(runnerId, label) {
        logger.info(`dry run: would take label ${label} off runner ${runnerId}`, {
          decision: 'dry_run',
          runnerId,
          scope,
        });
        return 'removed';
      },
      async addLabels(runnerId, labels) {
        const list = labels.join(', ');
        logger.info(`dry run: would give runner ${runnerId} the labels ${list}`, {
          decision: 'dry_run',
          runnerId,
          scope,
        });
        return 'added';
      },
      getJob: (repository, jobId) => real.getJob(repository, jobId),
    };
  };
}
