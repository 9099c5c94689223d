import type {Status} from './answers';
import {type Cell, formatTable} from './table';
import {plain, type Terminal} from './terminal';
import {age, count, duration} from './words';

/** The whole deployment on one screen: pools, what waits and why, what runs, what is wrong. */
export function formatStatus(status: Status, terminal: Terminal, nowMs: number): string {
  const parts = [
    pools(status, terminal),
    section(
      terminal,
      titled('Waiting jobs', status.waiting_jobs, status.waiting_jobs_total),
      waiting(status, terminal),
    ),
    section(terminal, 'Jobs that no pool takes', unserved(status, terminal)),
    section(
      terminal,
      titled('Active runners', status.active_runners, status.active_runners_total),
      runners(status, terminal),
    ),
    section(terminal, 'Standby machines', standby(status, terminal)),
    section(terminal, 'Open breakers', breakers(status, terminal, nowMs)),
    closing(status, terminal),
  ];
  return parts.filter((part) => part !== undefined).join('\n\n');
}

/** States of a pool's runners in the order of a runner's life; all others follow. */
const STATES = ['requested', 'creating', 'booting', 'idle', 'busy', 'draining'];

function pools({pools: all}: Status, terminal: Terminal): string {
  if (all.length === 0) return 'No pool is configured.';
  const columns = [
    {title: 'POOL', cell: ({name}: Pool) => name, keeps: true as const},
    {title: 'USED', cell: (pool: Pool) => usage(pool), keeps: true as const},
    ...STATES.map((state) => ({
      title: state.toUpperCase(),
      cell: ({states}: Pool): Cell => states[state] || null,
      keeps: true as const,
    })),
  ];
  return formatTable(columns, all, terminal);
}

type Pool = Status['pools'][number];

function usage({limit, states}: Pool): Cell {
  const used = Object.values(states).reduce((sum, each) => sum + each, 0);
  const text = `${used} of ${limit}`;
  return used >= limit && limit > 0 ? {text, style: 'yellow'} : text;
}

function waiting({waiting_jobs: jobs}: Status, terminal: Terminal): string | undefined {
  if (jobs.length === 0) return undefined;
  type Job = (typeof jobs)[number];
  const columns = [
    {title: 'JOB', cell: ({job_id}: Job) => job_id, keeps: true as const},
    {title: 'WAITS', cell: ({age_seconds}: Job) => duration(age_seconds), keeps: true as const},
    {title: 'POOL', cell: ({pool}: Job) => pool},
    {title: 'REPOSITORY', cell: ({repository}: Job) => repository},
    {title: 'LABELS', cell: ({labels}: Job) => labels.join(', ')},
    {title: 'RUNNER', cell: ({runner}: Job) => runner},
    ...(jobs.some(({verdict}) => verdict)
      ? [{title: 'WHY', cell: ({verdict, because}: Job) => [verdict, because].filter(Boolean).join(': ')}]
      : []),
  ];
  return formatTable(columns, jobs, terminal);
}

/** Without those that an older api has among the waiting ones, too. */
function unserved({unserved_jobs: all, waiting_jobs: waits}: Status, terminal: Terminal): string | undefined {
  const shown = new Set(waits.flatMap(({url}) => url ?? []));
  const jobs = all.filter(({url}) => !(url && shown.has(url)));
  if (jobs.length === 0) return undefined;
  type Job = (typeof jobs)[number];
  const columns = [
    {title: 'JOB', cell: ({id}: Job) => id, keeps: true as const},
    {title: 'REPOSITORY', cell: ({repository}: Job) => repository},
    {title: 'LABELS', cell: ({labels}: Job) => labels.join(', ')},
    {title: 'WHY', cell: ({verdict, because}: Job) => [verdict, because].filter(Boolean).join(': ')},
    {title: 'URL', cell: ({url}: Job) => url},
  ];
  return formatTable(columns, jobs, terminal);
}

function runners({active_runners: all}: Status, terminal: Terminal): string | undefined {
  if (all.length === 0) return undefined;
  type Runner = (typeof all)[number];
  const columns = [
    {title: 'RUNNER', cell: ({name}: Runner) => name, keeps: true as const},
    {title: 'STATE', cell: ({state}: Runner) => state, keeps: true as const},
    {title: 'POOL', cell: ({pool}: Runner) => pool},
    {title: 'JOB', cell: ({job_id}: Runner) => job_id},
    {
      title: 'RUNS FOR',
      cell: ({running_seconds: seconds}: Runner) => (typeof seconds === 'number' ? duration(seconds) : null),
    },
  ];
  return formatTable(columns, all, terminal);
}

function standby({standby: all}: Status, terminal: Terminal): string | undefined {
  if (all.length === 0) return undefined;
  type Standby = (typeof all)[number];
  const columns = [
    {title: 'POOL', cell: ({pool}: Standby) => pool, keeps: true as const},
    {title: 'WANTED', cell: ({wanted}: Standby) => wanted, keeps: true as const},
    {title: 'READY', cell: ({ready}: Standby) => ready, keeps: true as const},
    {title: 'PREPARING', cell: ({preparing}: Standby) => preparing, keeps: true as const},
    {title: 'CLAIMED', cell: ({claimed}: Standby) => claimed, keeps: true as const},
  ];
  return formatTable(columns, all, terminal);
}

function breakers({breakers: all}: Status, terminal: Terminal, nowMs: number): string | undefined {
  if (all.length === 0) return undefined;
  type Breaker = (typeof all)[number];
  const columns = [
    {title: 'BREAKER', cell: ({name}: Breaker): Cell => ({text: name, style: 'red'}), keeps: true as const},
    {title: 'WHY', cell: ({reason, message}: Breaker) => message ?? reason},
    {title: 'NEXT PROBE', cell: ({next_probe_at: at}: Breaker) => until(at, nowMs)},
  ];
  return formatTable(columns, all, terminal);
}

function until(time: string | null | undefined, nowMs: number): string | null {
  const at = time ? Date.parse(time) : Number.NaN;
  return Number.isNaN(at) ? null : at <= nowMs ? `due ${age(time, nowMs)} ago` : `in ${duration((at - nowMs) / 1000)}`;
}

function closing(status: Status, terminal: Terminal): string {
  const {last_sweep: swept, deadletters, max_concurrent: most} = status;
  const waits = status.waiting_jobs_total ?? status.waiting_jobs.length;
  const lines = [
    `${count(waits, 'job')} ${waits === 1 ? 'waits' : 'wait'}; at most ${count(most, 'runner')} in all.`,
    sweep(swept, terminal),
  ];
  if (status.github_app === 'missing') {
    lines.push(terminal.paint('yellow', 'There is no GitHub App yet: open /setup of the API.'));
  }
  if (deadletters > 0) {
    const are = deadletters === 1 ? 'is' : 'are';
    lines.push(terminal.paint('red', `There ${are} ${count(deadletters, 'dead letter')}: slipway deadletters`));
  }
  return lines.join('\n');
}

function sweep(swept: Status['last_sweep'], terminal: Terminal): string {
  if (!swept) return terminal.paint('yellow', 'There was no sweep yet.');
  const when = typeof swept.age_seconds === 'number' ? ` ${duration(swept.age_seconds)} ago` : '';
  const rest = swept.incomplete.length > 0 ? `, incomplete: ${plain(swept.incomplete.join(', '))}` : '';
  const former = `${swept.finished === false ? ' and did not finish' : ''}${rest}`;
  return `The last sweep ended${when}${swept.because ? `: ${plain(swept.because)}` : former}.`;
}

/** The API lists a part of what there is many of. */
function titled(title: string, listed: readonly unknown[], total: number | null | undefined): string {
  return total && total > listed.length ? `${title} (${listed.length} of ${total})` : title;
}

function section(terminal: Terminal, title: string, table: string | undefined): string | undefined {
  return table === undefined ? undefined : `${terminal.paint('bold', title)}\n${table}`;
}
