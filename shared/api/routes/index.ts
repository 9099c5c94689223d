import type {Operation} from '../operation';
import {cleanup} from './cleanup';
import {getCosts} from './costs';
import {listDeadLetters, retry} from './dead-letters';
import {docs, openapi, redoc} from './docs';
import {doctor} from './doctor';
import {explain} from './explain';
import {health, healthCheck, ping} from './health';
import {listHosts, sync} from './hosts';
import {getJob, listJobs} from './jobs';
import {info} from './overview';
import {testPool} from './pool-tests';
import {create, remove} from './runner-requests';
import {getRunner, listRunners} from './runners';
import {status} from './status';
import {start, stop} from './vms';

/** Every operation, in the order of the documentation. */
export const OPERATIONS: readonly Operation[] = [
  health,
  ping,
  healthCheck,
  doctor,
  info,
  status,
  listRunners,
  getRunner,
  create,
  remove,
  testPool,
  cleanup,
  start,
  stop,
  listHosts,
  sync,
  listJobs,
  getJob,
  explain,
  getCosts,
  listDeadLetters,
  retry,
  openapi,
  docs,
  redoc,
];
