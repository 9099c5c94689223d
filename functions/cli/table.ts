import stringWidth from 'string-width';
import {getBorderCharacters, table} from 'table';
import {cut} from './cut';
import {plain, type Style, type Terminal} from './terminal';

/** A cell with a colour. Text from outside may stand in it as it is. */
export interface StyledCell {
  readonly text: string;
  readonly style: Style;
}

export type Cell = string | number | null | undefined | StyledCell;

export interface Column<T> {
  readonly title: string;
  readonly cell: (row: T) => Cell;
  /** Is cut last: names that are typed again. */
  readonly keeps?: true;
}

const GAP = 2;
/** Narrower a column does not get, as long as others can give. */
const NARROW = 5;
const NOTHING = '-';

/**
 * Rows in columns under their titles, one line each. What does not fit the terminal is cut with `…`, and a column without a value is left out
 * there.
 */
export function formatTable<T>(all: readonly Column<T>[], rows: readonly T[], terminal: Terminal): string {
  const isShown = ({cell}: Column<T>) => terminal.width === undefined || rows.some((row) => !isEmpty(cell(row)));
  const columns = all.filter(isShown);
  const cells = rows.map((row) => columns.map(({cell}) => styled(cell(row))));
  const head = columns.map(({title}): StyledCell => ({text: title, style: 'bold'}));
  const natural = columns.map((_, index) =>
    Math.max(...[head, ...cells].map((line) => stringWidth(line[index]?.text ?? ''))),
  );
  const widths = terminal.width === undefined ? natural : widthsWithin(natural, columns, terminal.width);
  const painted = [head, ...cells].map((line) =>
    line.map(({text, style}, index) => {
      const short = cut(text, widths[index] ?? 0);
      return style === undefined ? short : terminal.paint(style, short);
    }),
  );
  return table(painted, {
    border: getBorderCharacters('void'),
    drawHorizontalLine: () => false,
    columnDefault: {paddingLeft: 0, paddingRight: GAP},
  })
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .trimEnd();
}

interface Painted {
  readonly text: string;
  readonly style?: Style;
}

function styled(cell: Cell): Painted {
  if (isEmpty(cell)) return {text: NOTHING};
  if (typeof cell === 'object') return {...cell, text: plain(cell.text) || NOTHING};
  return {text: plain(String(cell)) || NOTHING};
}

function isEmpty(cell: Cell): cell is null | undefined | '' {
  return cell === null || cell === undefined || cell === '';
}

/** Takes from the widest column, one by one, until the line fits; from columns that keep their text only when no other can give. */
function widthsWithin<T>(natural: readonly number[], columns: readonly Column<T>[], width: number): number[] {
  const widths = [...natural];
  const room = width - GAP * (columns.length - 1);
  const total = () => widths.reduce((sum, each) => sum + each, 0);
  while (total() > room) {
    const giving =
      widest(widths, (index) => !columns[index]?.keeps, NARROW) ??
      widest(widths, () => true, NARROW) ??
      widest(widths, () => true, 1);
    if (giving === undefined) break;
    widths[giving] = (widths[giving] ?? 0) - 1;
  }
  return widths;
}

function widest(widths: readonly number[], may: (index: number) => boolean, above: number): number | undefined {
  let found: number | undefined;
  widths.forEach((width, index) => {
    if (may(index) && width > above && (found === undefined || width > (widths[found] ?? 0))) found = index;
  });
  return found;
}
