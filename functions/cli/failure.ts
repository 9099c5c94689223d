/** What ends the command: one line for the person at the terminal, which says what to do, and the exit code. It holds no secret. */
export class Failure extends Error {
  constructor(
    message: string,
    /** 1: something is wrong. 2: the command line is. */
    readonly exitCode: 1 | 2 = 1,
  ) {
    super(message);
    this.name = 'Failure';
  }
}

/** The command line, or what it needs of the environment, is not as it has to be. */
export function usage(message: string): Failure {
  return new Failure(message, 2);
}
