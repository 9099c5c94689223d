import {type Command, InvalidArgumentError} from 'commander';
import {REPOSITORY} from '../../shared/model/names';
import {usage} from './failure';
import {type Host, openSession, type Session} from './session';

/** Exit code of a command that found something wrong and has said so itself. */
export type Found = 1;

/** What commands are added with. */
export interface Setting {
  readonly host: Host;
  readonly exit: (code: Found) => void;
}

/** Adds one command to the program. */
export type AddCommand = (program: Command, setting: Setting) => void;

/** What commander calls for a command: `work` gets its session, its options, then its arguments. */
export function action<Options extends object, Arguments extends readonly unknown[]>(
  {host, exit}: Setting,
  work: (session: Session, options: Options, ...given: Arguments) => Promise<Found | undefined>,
): (...given: unknown[]) => Promise<void> {
  return async (...given) => {
    const command = given.at(-1) as Command;
    const session = openSession(command, host);
    const code = await work(session, command.opts<Options>(), ...(given.slice(0, -2) as unknown as Arguments));
    if (code !== undefined) exit(code);
  };
}

/**
 * An argument as one segment of a path. Without text, as an unset variable of a shell gives it, or with a step of a path it would name another
 * resource. Throws `Failure`.
 */
export function segment(argument: string, text: string): string {
  if (text === '') throw usage(`${argument}: expected at least 1 character`);
  if (text === '.' || text === '..') throw usage(`${argument}: found ${text}, expected a name`);
  return encodeURIComponent(text);
}

/** For an option that takes a whole number. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
  };
}

export function repository(text: string): string {
  if (REPOSITORY.test(text)) return text;
  throw new InvalidArgumentError('Expected owner/name.');
}

/** For an option that may be given several times. */
export function gathered(text: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), text];
}
