import {rmSync} from 'node:fs';
import {join} from 'node:path';
import type {SweepReport} from '../../shared/sweep/sweep';
import {buildFunctions, environment, task} from './functions';
import type {Bench, Row} from './result';
import {firstAnswer, serveFunction} from './served';
import {openFleet} from './sweep-fleet';

const SIZES = [0, 10, 100, 1_000, 10_000];
const REPOSITORIES = 1_000;
const MIB = 2 ** 20;

/** What V8 takes by itself in a container of 512 MiB: on a large machine it would let garbage lie for longer. */
const HEAP = '--max-old-space-size=256 --max-semi-space-size=2';

/** As Terraform deploys it. */
const TIMEOUT_SECONDS = 300;

export interface Swept {
  readonly seconds: number;
  readonly cpuMs: number;
  readonly peakBytes: number;
  readonly github: number;
  readonly compute: number;
  readonly reads: number;
  readonly report: Extract<SweepReport, {status: 'done' | 'dry_run'}>;
}

/** One sweep of the deployed bundle, the first of its process, over fleets in which everything is in order. */
export const sweep: Bench = async (progress) => {
  const dist = buildFunctions();
  try {
    const swept: Swept[] = [];
    for (const size of SIZES) {
      progress(`sweep: ${size} runners, ${REPOSITORIES} repositories`);
      swept.push(await sweepOver(dist, size));
    }
    const none = swept[0] as Swept;
    const last = swept.at(-1) as Swept;
    const before = swept.at(-2) as Swept;
    const growth = (figure: (one: Swept) => number) => growthOf([0, 1_000, 10_000], [none, before, last].map(figure));
    return {
      bench: 'sweep',
      rows: [
        ...swept.flatMap((one, index) => rowsOf(SIZES[index] ?? 0, one, none)),
        {
          measure: 'growth of CPU time a runner, 1,000 to 10,000',
          value: growth(({cpuMs}) => cpuMs),
          unit: '×',
          target: {atMost: 1.5},
        },
        {
          measure: 'growth of Firestore reads a runner',
          value: growth(({reads}) => reads),
          unit: '×',
          target: {atMost: 1.05},
        },
        {
          measure: 'growth of calls of GitHub a runner',
          value: growth(({github}) => github),
          unit: '×',
          target: {atMost: 1.05},
        },
      ],
      notes: [
        'the deployed bundle under functions-framework in a process of its own; GitHub, Compute Engine and Firestore over HTTP in another',
        `memory (${HEAP}): peak resident set of that process; baseline: the same with no runner at all`,
        `the ${last.report.seen['runners']} runners are busy, and spread over the repositories; of these one sweep looked into ${last.report.seen['repositories']}: the calls of GitHub that a sweep may make are bounded, and the next one goes on`,
        ...swept.flatMap(({report}, index) =>
          report.incomplete.length > 0 ? [`${SIZES[index]} runners: not seen: ${report.incomplete.join('; ')}`] : [],
        ),
      ],
    };
  } finally {
    rmSync(dist, {recursive: true, force: true});
  }
};

/** How much more the last unit costs than those before it: 1 is linear. Sizes and what they cost: none, some, many. */
export function growthOf(sizes: readonly number[], costs: readonly number[]): number {
  const [none = 0, some = 0, many = 0] = costs;
  const [zero = 0, few = 0, lots = 0] = sizes;
  return (many - none) / (lots - zero) / ((some - none) / (few - zero));
}

export async function sweepOver(dist: string, size: number): Promise<Swept> {
  const fleet = await openFleet(size, REPOSITORIES);
  const {GITHUB_TOKEN: _pat, ...common} = environment('127.0.0.1:9');
  const served = await serveFunction(join(dist, 'sweep'), 'sweep', {...common, ...fleet.env, NODE_OPTIONS: HEAP});
  try {
    await firstAnswer(served, '', {method: 'GET'});
    const cpuBefore = served.cpuMs();
    const began = performance.now();
    const response = await fetch(served.url, task('sweep', {}));
    const body = await response.text();
    if (response.status !== 200) throw new Error(`the sweep answered ${response.status}: ${body}`);
    return {
      seconds: (performance.now() - began) / 1000,
      cpuMs: served.cpuMs() - cpuBefore,
      peakBytes: served.peakResidentBytes(),
      github: fleet.github.requests.length,
      compute: fleet.compute.requests.length,
      reads: fleet.firestore.reads,
      report: JSON.parse(body),
    };
  } finally {
    await served.stop();
    await fleet.close();
  }
}

function rowsOf(size: number, one: Swept, none: Swept): Row[] {
  const label = `${size.toLocaleString('en')} runners`;
  const decided = Object.values(one.report.decided).reduce((sum, count) => sum + count, 0);
  const isLast = size === SIZES.at(-1);
  return [
    {measure: `${label}: time`, value: one.seconds, unit: 's', ...(isLast ? {target: {atMost: TIMEOUT_SECONDS}} : {})},
    {measure: `${label}: CPU time`, value: one.cpuMs, unit: 'ms'},
    {
      measure: `${label}: memory`,
      value: one.peakBytes / MIB,
      unit: 'MiB',
      ...(size > 0 ? {baseline: none.peakBytes / MIB} : {}),
      ...(isLast ? {target: {atMost: 256}} : {}),
    },
    {measure: `${label}: GitHub`, value: one.github, unit: 'calls'},
    {measure: `${label}: Compute Engine`, value: one.compute, unit: 'calls'},
    {measure: `${label}: Firestore reads`, value: one.reads, unit: 'documents'},
    {
      measure: `${label}: wrongly decided`,
      value: decided + one.report.incomplete.length,
      unit: 'actions',
      target: {atMost: 0},
    },
  ];
}
