import type {Request} from '@google-cloud/functions-framework';
import type {Config} from '../config/config-types';
import type {SecretCheck} from '../config/secret-check';
import {Forbidden} from '../errors';
import {isHmac} from '../hmac';
import type {ServicesBase} from '../ports';
import {isTaskSigned, TASK_SIGNATURE_HEADER} from '../task-signature';

/** Checks that a function of this deployment created the task; throws `Forbidden`. `name`: the task's, from the header of Cloud Tasks. */
export type TaskVerifier = (request: Request, name: string, body: Buffer) => Promise<void>;

/**
 * The second factor beside the caller's identity, because the IAM grant to call a function may be given by mistake. Only the functions have
 * the key, and a signature is valid for one task name and one body.
 */
export function createTaskVerifier(check: SecretCheck): TaskVerifier {
  return async (request, name, body) => {
    const signature = request.get(TASK_SIGNATURE_HEADER);
    if (!isHmac(signature)) {
      throw new Forbidden(
        `the header ${TASK_SIGNATURE_HEADER} is missing or malformed: the task was not created by a function that has TASK_SIGNING_KEY`,
      );
    }
    if (await check((key) => isTaskSigned(key, {name, body}, signature))) return;
    throw new Forbidden(
      `the header ${TASK_SIGNATURE_HEADER} does not fit the task: expected a signature with one of the keys in TASK_SIGNING_KEY`,
    );
  };
}

/** The verifier for the configured keys. Without a key it accepts every task; `INTERNAL_AUTH=platform` requires a key. */
export function taskVerifier({
  config,
  secretCheck,
}: {readonly config: Pick<Config, 'taskSigningKeys'>} & Pick<ServicesBase, 'secretCheck'>): TaskVerifier {
  const {taskSigningKeys} = config;
  if (taskSigningKeys.length === 0) return async () => undefined;
  return createTaskVerifier(secretCheck(taskSigningKeys));
}
