import {readEnvironment} from '../../../shared/config/variables';
import {runSimulated} from '../simulated';
import type {Way} from '../timeline';
import type {Keep} from './keep';
import {drawPlot} from './plot';

const STEPS = ['waits', 'boots', 'runs', 'ends'] as const;
const COLOURS = ['#d29922', '#39c5cf', '#2f81f7', '#8b949e'];

interface Bar {
  readonly job: string;
  readonly step: (typeof STEPS)[number];
  readonly from: number;
  readonly to: number;
}

/** The play of `npm start`: a bar for each job, from its queueing until its machine is gone. */
export async function drawPlay(keep: Keep): Promise<void> {
  let ways: readonly Way[] = [];
  const options = {once: true, jobs: 8, logs: false, open: false, onEnd: (played: readonly Way[]) => (ways = played)};
  const code = await runSimulated(options, readEnvironment(), new Promise(() => undefined));
  if (code !== 0) throw new Error('the play did not end well, so there is no picture of it');
  await drawPlot(
    'play',
    {
      title: {text: 'What npm start plays: eight jobs from queued to gone'},
      width: 560,
      data: {values: ways.flatMap(barsOf)},
      mark: {type: 'bar', height: 14},
      encoding: {
        y: {field: 'job', type: 'nominal', sort: null, title: null},
        x: {field: 'from', type: 'quantitative', title: 'simulated seconds'},
        x2: {field: 'to'},
        color: {field: 'step', scale: {domain: [...STEPS], range: COLOURS}, title: null},
      },
    },
    keep,
  );
}

function barsOf({number, labels, queuedAtMs, vmAtMs, runningAtMs, completedAtMs, goneAtMs}: Way): Bar[] {
  const job = `#${number} ${labels.at(-1)}`;
  const times = [queuedAtMs, vmAtMs ?? runningAtMs, runningAtMs, completedAtMs, goneAtMs];
  return STEPS.flatMap((step, index) => {
    const [from, to] = [times[index], times[index + 1]];
    return from === undefined || to === undefined || to <= from ? [] : [{job, step, from: from / 1000, to: to / 1000}];
  });
}
