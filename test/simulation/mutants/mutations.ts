import {APP_MUTATIONS} from './app-mutations';
import {CLOUD_RUN_MUTATIONS} from './cloud-run-mutations';
import {CODEMAGIC_MUTATIONS} from './codemagic-mutations';
import {CORE_MUTATIONS} from './core-mutations';
import {DOCKER_MUTATIONS} from './docker-mutations';
import {EC2_MUTATIONS} from './ec2-mutations';
import {FALLBACK_MUTATIONS} from './fallback-mutations';
import {IDENTITY_MUTATIONS} from './identity-mutations';
import type {Mutation} from './mutation';
import {PEOPLE_MUTATIONS} from './people-mutations';
import {PLACEMENT_MUTATIONS} from './placement-mutations';
import {PROVIDER_MUTATIONS} from './provider-mutations';
import {SCALE_MUTATIONS} from './scale-mutations';
import {SETTINGS_MUTATIONS} from './settings-mutations';
import {STANDBY_GCE_MUTATIONS} from './standby-gce-mutations';
import {STANDBY_MUTATIONS} from './standby-mutations';
import {SWEEP_MUTATIONS} from './sweep-mutations';
import {USAGE_MUTATIONS} from './usage-mutations';
import {VERDICT_MUTATIONS} from './verdict-mutations';
import {VM_MUTATIONS} from './vm-mutations';

/** Each breaks a promise that the simulation checks. A list is a theme, in a file of its own. */
export const MUTATIONS: readonly Mutation[] = [
  ...CORE_MUTATIONS,
  ...IDENTITY_MUTATIONS,
  ...SWEEP_MUTATIONS,
  ...VM_MUTATIONS,
  ...USAGE_MUTATIONS,
  ...PLACEMENT_MUTATIONS,
  ...STANDBY_GCE_MUTATIONS,
  ...SETTINGS_MUTATIONS,
  ...PROVIDER_MUTATIONS,
  ...STANDBY_MUTATIONS,
  ...EC2_MUTATIONS,
  ...FALLBACK_MUTATIONS,
  ...CLOUD_RUN_MUTATIONS,
  ...CODEMAGIC_MUTATIONS,
  ...DOCKER_MUTATIONS,
  ...VERDICT_MUTATIONS,
  ...PEOPLE_MUTATIONS,
  ...SCALE_MUTATIONS,
  ...APP_MUTATIONS,
];
