/** Environment variables by name, as in `process.env`. A parameter everywhere else, so that tests and `npm start` bring their own. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A snapshot of the process's environment. The only place that reads it. */
export function readEnvironment(): Environment {
  return Object.freeze({...process.env});
}
