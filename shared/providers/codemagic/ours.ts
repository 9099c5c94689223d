import {DEPLOYMENT_LABEL, JOB_LABEL, KEEP_LABEL, POOL_LABEL, parseRunnerName} from '../../model/names';
import type {CreateRequest} from '../provider';

/** A build as CodeMagic tells of it. Every field that is undefined was left out of the answer. */
export interface Build {
  readonly id: string;
  /** CodeMagic's word, such as `queued`. */
  readonly status: string;
  readonly app: string | undefined;
  readonly workflow: string | undefined;
  readonly createdAt: number | undefined;
  readonly labels: readonly string[] | undefined;
  /** Those variables that tell whose the build is; another one holds a secret, and is not kept. */
  readonly variables: Readonly<Record<string, string>> | undefined;
}

/** Variables of a build. terraform/runner/codemagic.yaml reads them. */
export const RUNNER_VARIABLE = 'SLIPWAY_RUNNER';
export const DEPLOYMENT_VARIABLE = 'SLIPWAY_DEPLOYMENT';

/** Whose a build is. `unknown`: nothing that was read tells it. */
export type Owner =
  | {readonly kind: 'ours'; readonly name: string; readonly isKept: boolean}
  | {readonly kind: 'foreign'}
  | {readonly kind: 'unknown'};

/** The labels of a runner's build. The name alone is a label too, so that people find the build by it. */
export function labelsOf(
  deployment: string,
  {name, pool, job}: Pick<CreateRequest, 'name' | 'pool' | 'job'>,
): string[] {
  const marks = [`${DEPLOYMENT_LABEL}=${deployment}`, `${POOL_LABEL}=${pool}`];
  return [...marks, ...(job ? [`${JOB_LABEL}=${job}`] : []), name];
}

/**
 * Whose the build is, by its labels, else by its variables. An empty list of labels tells nothing: lists may leave them out. A name alone
 * proves nothing, because another deployment may have the same one.
 */
export function ownerOf(deployment: string, {labels, variables}: Pick<Build, 'labels' | 'variables'>): Owner {
  if (labels && labels.length > 0) {
    // mutation: codemagic deployment
    const isOurs = labels.includes(`${DEPLOYMENT_LABEL}=${deployment}`);
    const name = labels.find((label) => parseRunnerName(deployment, label) !== undefined);
    return isOurs && name !== undefined ? {kind: 'ours', name, isKept: labels.includes(KEEP_LABEL)} : {kind: 'foreign'};
  }
  if (!variables) return {kind: 'unknown'};
  const name = variables[RUNNER_VARIABLE];
  const isOurs = variables[DEPLOYMENT_VARIABLE] === deployment;
  return isOurs && name !== undefined ? {kind: 'ours', name, isKept: false} : {kind: 'foreign'};
}
