/** How Google Cloud and RFC 1035 spell what the configuration refers to. */

/** A label of RFC 1035, of at most `length` characters. */
export function isRfc1035(text: string, length: number): boolean {
  return text.length <= length && /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(text);
}

/**
 * `us-central1-a`; AI zones such as `us-central1-ai1a` too. Not `us-central1-1`, which Cloud Run's metadata server calls the zone
 * of a function: Compute Engine does not know it.
 */
export const ZONE = /^[a-z]+-[a-z]+\d+-[a-z][a-z0-9]*$/;

export const REGION = /^[a-z]+-[a-z]+\d+$/;

/** A project id, optionally with a domain (`example.com:project`). */
export const PROJECT = /^([a-z0-9.-]+:)?[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** @see https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues */
export const QUEUE = /^projects\/[^/\s]+\/locations\/[^/\s]+\/queues\/[A-Za-z0-9-]{1,100}$/;

/** A secret, or one of its versions. @see https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets */
export const SECRET = /^projects\/[^/\s]+\/secrets\/[A-Za-z0-9_-]{1,255}(\/versions\/[A-Za-z0-9_-]+)?$/;

/** A template's URL, full or partial, global or regional. */
export const TEMPLATE_URL =
  /^(https?:\/\/[^\s?#]+\/)?(projects\/[^/\s]+\/)?(global|regions\/[a-z0-9-]+)\/instanceTemplates\/[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** `us-central1` of `us-central1-a`. */
export function regionOfZone(zone: string): string {
  return zone.slice(0, zone.lastIndexOf('-'));
}
