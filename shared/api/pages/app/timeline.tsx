import type {Step} from './answers';
import {clockTime, duration} from './times';

/** A part of a job's way, in milliseconds since the epoch. */
interface Part {
  readonly what: 'waiting' | 'booting' | 'running' | 'ending';
  readonly from: number;
  readonly to: number;
}

const WORDS: Readonly<Record<Part['what'], string>> = {
  waiting: 'queued',
  booting: 'booting',
  running: 'running',
  ending: 'being deleted',
};

/** Which part of the way begins with a step. */
const BEGINS: Readonly<Record<string, Part['what']>> = {
  queued: 'waiting',
  created: 'booting',
  booting: 'booting',
  running: 'running',
  completed: 'ending',
};

/** The parts of a job's way. A part without an end lasts until `now`. */
export function partsOf(timeline: readonly Step[], now: number): readonly Part[] {
  const parts: Part[] = [];
  for (const {at, what} of timeline) {
    const ms = Date.parse(at);
    const last = parts.at(-1);
    const begun = BEGINS[what];
    const isEnd = what === 'deleted' || what === 'given_up';
    if ((begun === undefined && !isEnd) || begun === last?.what) continue;
    if (last) parts[parts.length - 1] = {...last, to: ms};
    if (begun) parts.push({what: begun, from: ms, to: Math.max(ms, now)});
    if (isEnd) break;
  }
  return parts;
}

/** The way of a job in words: `queued 4 s, booting 12 s, running 2 min`. */
export function describe(parts: readonly Part[]): string {
  return parts.map(({what, from, to}) => `${WORDS[what]} ${duration((to - from) / 1000)}`).join(', ');
}

/** A job's way as a horizontal bar on an axis from `from` to `to`, in milliseconds since the epoch. */
export function TimelineBar({
  parts,
  from,
  to,
}: {
  readonly parts: readonly Part[];
  readonly from: number;
  readonly to: number;
}) {
  const percent = (ms: number) => (100 * (Math.min(Math.max(ms, from), to) - from)) / Math.max(1, to - from);
  return (
    <div class="bar" role="img" aria-label={describe(parts)}>
      {parts.map((part) => (
        <span
          key={part.what + part.from}
          class={`part ${part.what}`}
          title={`${WORDS[part.what]} since ${clockTime(part.from)}: ${duration((part.to - part.from) / 1000)}`}
          style={{left: `${percent(part.from)}%`, width: `${Math.max(0.3, percent(part.to) - percent(part.from))}%`}}
        />
      ))}
    </div>
  );
}

/** The steps of a job's way as a list. */
export function Steps({timeline}: {readonly timeline: readonly Step[]}) {
  return (
    <ol class="steps">
      {timeline.map(({at, what, detail}) => (
        <li key={at + what + (detail ?? '')}>
          <time dateTime={at}>{clockTime(Date.parse(at))}</time> <strong>{what.replace('_', ' ')}</strong> {detail}
        </li>
      ))}
    </ol>
  );
}
