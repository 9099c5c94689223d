import {playInTurn} from '../../../test/bench/queue-to-running';
import {median, percentile} from '../../../test/bench/result';
import {WAYS} from '../../../test/bench/ways';
import type {Keep} from './keep';
import {drawPlot} from './plot';

const PARTS = ['Slipway’s own share', 'until the host’s next call', 'machine, runner, GitHub'] as const;
const COLOURS = ['#d29922', '#39c5cf', '#2f81f7'];

/** Queued → running for each way to a runner: what `npm run bench -- --only queue-to-running` measures with jobs one at a time. */
export async function drawWays(keep: Keep): Promise<void> {
  const bars: object[] = [];
  const wholes: object[] = [];
  for (const way of WAYS) {
    const {total, own, untilSync} = await playInTurn(way);
    const whole = secondsOf(total);
    const ours = secondsOf(own);
    const host = secondsOf(untilSync);
    const ends = [0, ours, ours + host, Math.max(whole, ours + host)];
    bars.push(...PARTS.map((part, index) => ({way: way.name, part, from: ends[index], to: ends[index + 1]})));
    const p99 = percentile(total, 0.99) / 1000;
    wholes.push({way: way.name, p99, text: `${whole.toFixed(1)} s, p99 ${p99.toFixed(1)} s`});
  }
  const y = {field: 'way', type: 'nominal', sort: null, title: null} as const;
  await drawPlot(
    'ways',
    {
      title: {
        text: 'Seconds from queued to running',
        subtitle: 'One job at a time in the emulated world with assumed latencies: median, and a line at p99',
      },
      width: 480,
      layer: [
        {
          data: {values: bars},
          mark: {type: 'bar', height: 18},
          encoding: {
            y,
            x: {field: 'from', type: 'quantitative', title: 'seconds', scale: {domain: [0, 45]}},
            x2: {field: 'to'},
            color: {
              field: 'part',
              scale: {domain: [...PARTS], range: COLOURS},
              title: null,
              legend: {orient: 'bottom', labelLimit: 300},
            },
          },
        },
        {
          data: {values: wholes},
          mark: {type: 'tick', thickness: 2, height: 18, color: '#8b949e'},
          encoding: {y, x: {field: 'p99', type: 'quantitative'}},
        },
        {
          data: {values: wholes},
          mark: {type: 'text', align: 'left', dx: 6},
          encoding: {y, x: {field: 'p99', type: 'quantitative'}, text: {field: 'text'}},
        },
      ],
    },
    keep,
  );
}

/** The median of milliseconds, in seconds; 0 of none. */
function secondsOf(times: readonly number[]): number {
  return times.length > 0 ? median(times) / 1000 : 0;
}
