import {APPS} from './regressions/apps';
import {BOOTS} from './regressions/boots';
import {DELIVERIES} from './regressions/deliveries';
import {EC2} from './regressions/ec2';
import {FALLBACKS} from './regressions/fallbacks';
import {RUNNERS} from './regressions/runners';
import {STANDBY} from './regressions/standby';
import {SWEEPS} from './regressions/sweeps';
import {USAGE} from './regressions/usage';
import {VERDICTS} from './regressions/verdicts';
import {VMS} from './regressions/vms';
import type {Scenario} from './scenario';

/** Cases that the simulation found, cut down, by what is promised since; and some that chance comes upon seldom. A theme is a file. */
export const REGRESSIONS: Readonly<Record<string, Scenario>> = {
  ...RUNNERS,
  ...VMS,
  ...DELIVERIES,
  ...SWEEPS,
  ...BOOTS,
  ...USAGE,
  ...EC2,
  ...FALLBACKS,
  ...VERDICTS,
  ...APPS,
  ...STANDBY,
};
