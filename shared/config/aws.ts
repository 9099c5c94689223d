import {ROLE_ARN} from '../model/names';
import {matching, type Present, present, url, type Variables} from './variables';

/** How the functions reach AWS. */
export interface AwsSettings {
  /** `AWS_ROLE_ARN`: for pools that name no role, and for machines of pools that are gone. */
  readonly roleArn?: string;
  /** Of the identity token; default `slipway-<deployment>`. */
  readonly audience: string;
  /** In place of AWS's own. */
  readonly endpoints: {readonly ec2?: string; readonly sts?: string};
}

/** @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html */
export function readAws(variables: Variables, deployment: string): Present<AwsSettings> {
  const endpoint = (name: string) => variables.read(name, 'an http or https URL without credentials and fragment', url);
  return present({
    roleArn: variables.read(
      'AWS_ROLE_ARN',
      'the ARN of a role, such as arn:aws:iam::111122223333:role/slipway',
      matching(ROLE_ARN),
    ),
    audience:
      variables.read('AWS_WEB_IDENTITY_AUDIENCE', 'a text without spaces', matching(/^[!-~]{1,250}$/)) ??
      `slipway-${deployment}`,
    endpoints: present({ec2: endpoint('AWS_ENDPOINT_URL_EC2'), sts: endpoint('AWS_ENDPOINT_URL_STS')}),
  });
}
