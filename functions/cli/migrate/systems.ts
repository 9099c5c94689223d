import {fromGarm} from './garm';
import {fromInstanceTemplates} from './instance-templates';
import {fromRunsOn} from './runs-on';
import {fromScaleSets} from './scale-sets';
import {fromTerraformAws} from './terraform-aws';
import type {Translator} from './translation';

/** Systems whose files are translated, by the name of their repository. */
export const SYSTEMS: Readonly<Record<string, Translator>> = {
  'terraform-aws-github-runner': fromTerraformAws,
  garm: fromGarm,
  'actions-runner-controller': fromScaleSets,
  'runs-on': fromRunsOn,
  'google-cloud-github-runner': fromInstanceTemplates,
};
