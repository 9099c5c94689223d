import {readFileSync} from 'node:fs';
import {join, resolve} from 'node:path';

/** Limits of the provision queue. */
export interface ProvisionRate {
  readonly perSecond: number;
  readonly concurrent: number;
}

/** As near to GitHub's limit as is safe: 174 JIT configs a minute of 180, and 40 at once since each task waits for its VM. */
export const FASTEST: ProvisionRate = {perSecond: 2.9, concurrent: 40};

const VARIABLES = resolve(join(__dirname, '..', '..', 'terraform', 'variables-deployment.tf'));

/** What Terraform deploys when nothing else is said. */
export function deployedProvisionRate(): ProvisionRate {
  const variables = readFileSync(VARIABLES, 'utf8');
  const [, declared = ''] = /variable "provision_rate" \{([\s\S]*?)\n\}/.exec(variables) ?? [];
  const optional = (name: string) => {
    const [, value] = new RegExp(`${name}\\s*=\\s*optional\\(number, ([0-9.]+)\\)`).exec(declared) ?? [];
    if (!value) throw new Error(`found no default of provision_rate.${name} in ${VARIABLES}`);
    return Number(value);
  };
  return {perSecond: optional('per_second'), concurrent: optional('concurrent')};
}
