import type {Operation} from '../operation';
import {listDeadLetters, retry} from './dead-letters';
import {docs, openapi, redoc} from './documentation';
import {create, remove} from './fleet';
import {health, healthCheck, ping} from './health';
import {listJobs} from './jobs';
import {info} from './overview';
import {start, stop} from './power';
import {getRunner, listRunners} from './runners';
import {status} from './status';

/** In the order of the documentation. */
export const OPERATIONS: readonly Operation[] = [
  health,
  ping,
  healthCheck,
  info,
  status,
  listRunners,
  getRunner,
  create,
  remove,
  start,
  stop,
  listJobs,
  listDeadLetters,
  retry,
  openapi,
  docs,
  redoc,
];
