/**
 * Validators that are made quickly: each suite makes its own, most use one a few times, and making them takes longer than all their answers.
 * That our schemas are schemas is asked once, by test/api/documentation.test.ts.
 *
 * @see https://ajv.js.org/options.html
 */
export const QUICKLY_MADE = {validateSchema: false, code: {optimize: false}} as const;
