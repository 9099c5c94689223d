import type {Command} from 'commander';
import type * as z from 'zod';
import type {Answer} from './client';
import {wholeNumber} from './command';
import {printJson, type Session} from './session';
import {type Column, formatTable} from './table';

export interface ListOptions {
  readonly limit: number;
}

export function addLimit(command: Command): Command {
  return command.option('-L, --limit <number>', 'show at most so many', wholeNumber(1, 10_000), 100);
}

export interface Listing<S extends z.ZodType> {
  /** Of the list in the API's answer, and what its items are called. */
  readonly key: string;
  readonly noun: string;
  readonly path: string;
  readonly item: S;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly columns: readonly Column<z.output<S>>[];
}

/** Prints a list of the API as a table, or as a JSON list of what the API answered. */
export async function printListing<S extends z.ZodType>(
  session: Session,
  {key, noun, path, item, query, columns}: Listing<S>,
  {limit}: ListOptions,
): Promise<void> {
  const {items, more} = await session.client().list(key, item, {path, query}, limit);
  if (session.json)
    printJson(
      session,
      items.map(({raw}: Answer<unknown>) => raw),
    );
  else if (items.length > 0)
    session.terminal.print(
      formatTable(
        columns,
        items.map(({value}) => value),
        session.terminal,
      ),
    );
  else session.terminal.say(`found no ${noun}${hasFilter(query) ? ' like that' : ''}`);
  if (more) session.terminal.say(`there are more than ${limit}: --limit ${limit * 10} shows more of them`);
}

function hasFilter(query: Readonly<Record<string, string | undefined>>): boolean {
  return Object.values(query).some((value) => value !== undefined);
}
