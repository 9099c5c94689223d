/**
 * GitHub's own limits, in milliseconds unless the name says otherwise.
 * @see https://docs.github.com/en/actions/reference/limits
 */
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A job that nobody takes is cancelled. */
export const JOB_QUEUE_LIMIT = DAY;
/** The lock of a job whose runner went silent. */
export const LOST_RUNNER_LIMIT = 10 * MINUTE;
export const EPHEMERAL_OFFLINE_LIMIT = DAY;
export const PERSISTENT_OFFLINE_LIMIT = 14 * DAY;
export const INSTALLATION_TOKEN_LIFE = HOUR;
export const JWT_LIFE = 10 * MINUTE;
/** How long a delivery is listed and can be delivered again. */
export const DELIVERY_RETENTION = 3 * DAY;
export const PAGE_SIZE = 30;
export const LARGEST_PAGE = 100;
export const LONGEST_RUNNER_NAME = 64;
