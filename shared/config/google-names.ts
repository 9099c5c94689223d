/** Resource names of Google Cloud that only the configuration refers to. The rest is in model/names.ts. */

/** A project id, optionally with a domain (`example.com:project`). */
export const PROJECT = /^([a-z0-9.-]{1,253}:)?[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** @see https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues */
export const QUEUE = /^projects\/[^/\s]{1,300}\/locations\/[^/\s]{1,63}\/queues\/[A-Za-z0-9-]{1,100}$/;

/** A secret, or one of its versions. @see https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets */
export const SECRET = /^projects\/[^/\s]{1,300}\/secrets\/[A-Za-z0-9_-]{1,255}(\/versions\/[A-Za-z0-9_-]{1,63})?$/;
