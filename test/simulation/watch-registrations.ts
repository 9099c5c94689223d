import type {GitHub, GitHubFor} from '../../shared/github/github';
import type {GitHubWorld} from '../emulators/github/model';
import type {Violation} from './safety';

/**
 * Watches that no name is registered again once its runner was online: the events of the first runner would look like those of the second. A
 * registration that never had a runner may be deleted and made again. Runners of others who use our names do not count: they are told apart by their scope.
 */
export function watchRegistrations(
  port: GitHubFor,
  world: GitHubWorld,
  violated: (rule: Violation['rule'], detail: string) => void,
): GitHubFor {
  const ours = new Set<number>();
  const wereOnline = new Set<string>();
  world.observe((event) => {
    if (event.kind !== 'runner' || event.change !== 'online') return;
    if (ours.has(event.runner.id)) wereOnline.add(event.runner.name);
  });
  return (scope, installation) => {
    const github = port(scope, installation);
    const createJitConfig: GitHub['createJitConfig'] = async (request) => {
      const registered = await github.createJitConfig(request);
      ours.add(registered.runnerId);
      if (wereOnline.has(request.name)) violated('registered_twice', request.name);
      return registered;
    };
    return new Proxy(github, {
      get: (target, key) => {
        if (key === 'createJitConfig') return createJitConfig;
        const member: unknown = Reflect.get(target, key, target);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
  };
}
