import {createHash} from 'node:crypto';
import type {InstanceTemplate, MetadataItem} from './client/compute';
import {RUNNER_REFUSED_KEY} from './client/metadata-keys';

/** What a machine is made from, in 20 hexadecimal digits: the template as it is now, and the runner version. */
export function standbyFingerprint(template: InstanceTemplate, runner: readonly MetadataItem[]): string {
  // Which versions are refused besides is nothing to a machine that has this one.
  const installed = runner.filter(({key}) => key !== RUNNER_REFUSED_KEY);
  return createHash('sha256')
    .update(inOrder([template, installed]))
    .digest('hex')
    .slice(0, 20);
}

/** As JSON whose keys are sorted: the order in which an answer has them says nothing. */
function inOrder(content: unknown): string {
  return JSON.stringify(content, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
