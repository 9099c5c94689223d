import {stripVTControlCharacters} from 'node:util';
import stringWidth from 'string-width';

const graphemes = new Intl.Segmenter(undefined, {granularity: 'grapheme'});

/** At most so many columns of a terminal, in which some characters take two; `…` stands for what is left out. */
export function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let kept = '';
  for (const {segment} of graphemes.segment(text)) {
    if (stringWidth(kept + segment) > width - 1) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}

/** As `cut`, of a line that may have colours, which it loses when it is cut. */
export function cutLine(line: string, width: number): string {
  return stringWidth(line) <= width ? line : cut(stripVTControlCharacters(line), width);
}
