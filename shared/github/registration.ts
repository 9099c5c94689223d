import type {Registration} from './github';

/** A runner as GitHub's REST API spells it; undefined when `data` is none. */
export function readRegistration(data: unknown): Registration | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  if (!('id' in data) || typeof data.id !== 'number') return undefined;
  if (!('name' in data) || typeof data.name !== 'string') return undefined;
  const status = 'status' in data ? data.status : undefined;
  const busy = 'busy' in data ? data.busy : undefined;
  const labels = 'labels' in data && Array.isArray(data.labels) ? data.labels : [];
  return {
    id: data.id,
    name: data.name,
    // The schema says only that it is a string: a word that we do not know keeps the runner.
    status: status === 'offline' ? 'offline' : 'online',
    busy: busy !== false,
    labels: labels.flatMap(labelName),
    customLabels: labels.filter(isCustom).flatMap(labelName),
  };
}

/** @see https://docs.github.com/en/rest/actions/self-hosted-runners#remove-a-custom-label-from-a-self-hosted-runner-for-a-repository */
function isCustom(label: unknown): boolean {
  return typeof label === 'object' && label !== null && 'type' in label && label.type === 'custom';
}

function labelName(label: unknown): string[] {
  return typeof label === 'object' && label !== null && 'name' in label && typeof label.name === 'string'
    ? [label.name]
    : [];
}
