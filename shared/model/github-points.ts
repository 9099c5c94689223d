/**
 * GitHub's secondary limit for one installation: points a minute, and what a call costs.
 * @see https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#calculating-points-for-the-secondary-rate-limit
 */
export const POINTS_A_MINUTE = 900;
export const WRITE_POINTS = 5;
export const READ_POINTS = 1;
