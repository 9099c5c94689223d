/** Something that GitHub would not accept or not send. A test that ends with one in the list has failed. */
export interface Violation {
  /** e.g. `POST /repos/acme/app/actions/runners/generate-jitconfig`, `webhook workflow_job queued`. */
  readonly where: string;
  readonly problems: readonly string[];
}

export function describeViolation({where, problems}: Violation): string {
  return `${where} does not fit GitHub's description: ${problems.join('; ')}`;
}
