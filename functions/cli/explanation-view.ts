import type {Explanation} from './answers';
import {formatTable} from './table';
import {plain, type Style, type Terminal} from './terminal';
import {age} from './words';

const STYLES: Readonly<Record<string, Style>> = {
  running: 'green',
  completed: 'green',
  unknown_job: 'red',
  given_up: 'red',
};

/** The verdict first, then its reason and the next step; then what is known of the job. Sentences are shown whole. */
export function formatExplanation(explained: Explanation, terminal: Terminal, nowMs: number): string {
  const {verdict, since, because, do: remedy, timeline} = explained;
  const held = age(since, nowMs);
  const parts = [
    [
      `${terminal.paint('bold', terminal.paint(STYLES[verdict] ?? 'yellow', plain(verdict)))}${held ? `, for ${held}` : ''}`,
      plain(because),
      `${terminal.paint('bold', 'Do:')} ${plain(remedy)}`,
    ].join('\n'),
    facts(explained, terminal, nowMs),
    ...(timeline.length > 0 ? [steps(timeline, terminal)] : []),
  ];
  return parts.filter(Boolean).join('\n\n');
}

function facts({job, pool, runner}: Explanation, terminal: Terminal, nowMs: number): string {
  const place = [runner?.provider, runner?.machine_type, runner?.spot ? 'spot' : undefined, runner?.place];
  const rows: readonly (readonly [name: string, value: string | null | undefined])[] = [
    ['Job', job && `${job.id}-${job.attempt} of ${job.repository}`],
    ['Labels', job?.labels.join(', ')],
    ['At GitHub', job?.status_at_github],
    ['Queued', job?.queued_at && `${job.queued_at} (${age(job.queued_at, nowMs) ?? '?'} ago)`],
    ['Page', job?.url],
    ['Pool', pool],
    ['Runner', runner && `${runner.name}, ${runner.state}`],
    ['Machine', runner && place.filter(Boolean).join(', ')],
    ['Machine page', runner?.url],
  ];
  return rows
    .flatMap(([name, value]) => (value ? [`${terminal.paint('bold', name.padEnd(12))}  ${plain(value)}`] : []))
    .join('\n');
}

function steps(timeline: Explanation['timeline'], terminal: Terminal): string {
  type Step = (typeof timeline)[number];
  const columns = [
    {title: 'TIME', cell: ({at}: Step) => at.replace(/\.\d+Z$/, 'Z'), keeps: true as const},
    {title: 'WHAT', cell: ({what}: Step) => what, keeps: true as const},
    {title: 'DETAIL', cell: ({detail}: Step) => detail},
  ];
  return formatTable(columns, timeline, terminal);
}
