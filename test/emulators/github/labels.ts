import {invalid, notFound} from './refusal';
import type {Registration} from './registration';

/** What config.sh gives a persistent runner by itself; nobody can take these off. A JIT runner's labels are all custom ones. */
const READ_ONLY = ['self-hosted', 'linux', 'windows', 'macos', 'x64', 'arm', 'arm64'];
const MOST = 100;

/** Labels as GitHub keeps them. */
export function distinct(labels: readonly string[]): string[] {
  return [...new Set(labels.map((label) => label.toLowerCase()))];
}

export function labelType({ephemeral}: Registration, label: string): 'read-only' | 'custom' {
  return !ephemeral && READ_ONLY.includes(label) ? 'read-only' : 'custom';
}

export function customLabels(runner: Registration): string[] {
  return runner.labels.filter((label) => labelType(runner, label) === 'custom');
}

/** The labels without this one. Throws 404, and 422 for a read-only one. */
export function withoutLabel(runner: Registration, label: string): string[] {
  const name = label.toLowerCase();
  if (!runner.labels.includes(name)) throw notFound();
  if (labelType(runner, name) === 'read-only') throw invalid(`Label "${name}" is read-only and cannot be removed.`);
  return runner.labels.filter((each) => each !== name);
}

/** With these custom labels beside the read-only ones. Throws 422. */
export function withCustomLabels(runner: Registration, labels: readonly string[]): string[] {
  if (labels.length > MOST) throw invalid(`"labels" must have at most ${MOST} items: found ${labels.length}.`);
  const fixed = runner.labels.filter((label) => labelType(runner, label) === 'read-only');
  return distinct([...fixed, ...labels]);
}
