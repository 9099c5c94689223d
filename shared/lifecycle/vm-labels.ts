import type {DrainedRunner, SeenLabels} from '../store/documents';

/** A reading of a runner's labels that is believed without another look, where it says that the runner takes a job. */
const BELIEVED_MS = 5 * 60_000;
/** Readings of one VM's runners that are kept. */
const KEPT = 10;

/** Of a runner: its labels at GitHub, and those that we took off ourselves for as long as its VM stops, which it has back by then. */
export function labelsOf(
  {id, labels}: {readonly id: number; readonly labels: readonly string[]},
  drained: readonly DrainedRunner[],
): string[] {
  return [...labels, ...drained.filter(({runnerId}) => runnerId === id).flatMap((each) => each.labels)];
}

/**
 * Labels that a job asks for and that no runner has, of the runner that lacks fewest; empty when one takes the job. GitHub gives a job
 * only to a runner that has all of its labels, compared without case.
 *
 * @see https://docs.github.com/en/actions/how-tos/manage-runners/self-hosted-runners/use-in-a-workflow
 */
export function lackedLabels(asked: readonly string[], runners: readonly (readonly string[])[]): string[] {
  const lacks = runners.map((labels) => {
    const has = new Set(labels.map((label) => label.toLowerCase()));
    return asked.filter((label) => !has.has(label.toLowerCase()));
  });
  return lacks.sort((a, b) => a.length - b.length)[0] ?? [];
}

/** Whether a runner in this place was seen to take such a job a moment ago. */
export function wasSeenToTake(
  seen: readonly SeenLabels[] | undefined,
  {place, labels}: {readonly place: string; readonly labels: readonly string[]},
  now: number,
): boolean {
  const recent = (seen ?? []).filter((each) => each.place === place && now - each.at < BELIEVED_MS);
  return recent.some((each) => lackedLabels(labels, [each.labels]).length === 0);
}

/** With a new reading in place of the older one of the same place. */
export function withSeenLabels(seen: readonly SeenLabels[] | undefined, reading: SeenLabels): SeenLabels[] {
  return [...(seen ?? []).filter(({place}) => place !== reading.place), reading].slice(-KEPT);
}
