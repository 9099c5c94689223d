import {FastWorld, type Jobs, type Times} from './fast-world';
import {type Bench, median, percentile, type Row} from './result';
import {ASSUMED, STANDBY_MACHINES, WAYS, type Way} from './ways';

const OWN_SHARE_SECONDS = 1.5;

/**
 * One job after the other: each finds the deployment at rest, and warm what is kept warm. No multiple of a host's interval between two calls, so
 * that jobs come at every moment of it.
 */
const IN_TURN: Jobs = {count: 40, everyMs: 151_300};
const BURST: Jobs = {count: 1_000, everyMs: 5};

/** What jobs one at a time take in this way. */
export async function playInTurn(way: Way): Promise<Times> {
  return new FastWorld(way).play(IN_TURN);
}

/** From a queued job to a running one, for each way there is, on the virtual clock. */
export const queueToRunning: Bench = async (progress) => {
  const rows: Row[] = [];
  for (const way of WAYS) {
    progress(`queue to running: ${way.name}`);
    const inTurn = await playInTurn(way);
    progress(`queue to running: ${way.name}, ${BURST.count} jobs in five seconds`);
    const burst = await new FastWorld(way).play(BURST);
    rows.push(
      ...rowsOf(way, inTurn, {whole: way.goal, own: OWN_SHARE_SECONDS}),
      ...rowsOf({...way, name: `${way.name}, burst`}, burst, {}),
    );
  }
  return {
    bench: 'queue to running',
    rows,
    notes: [
      `standby: ${STANDBY_MACHINES} machines in the pool; each that is claimed gets a successor, by the stop queue`,
      `one job at a time (${IN_TURN.count} jobs), and burst: ${BURST.count} jobs in five seconds, with the rates of the queues that Terraform deploys`,
      'own share: from the delivery until the provider has taken the order; waiting for the next call of a Docker host is apart',
      `assumed, in milliseconds: ${JSON.stringify(ASSUMED)}`,
    ],
  };
};

function rowsOf(
  {name, standby: hold}: Way,
  {total, own, untilSync, standby}: Times,
  goals: {whole?: number | undefined; own?: number},
): Row[] {
  const row = (measure: string, ms: number, atMost?: number): Row => ({
    measure: `${name}: ${measure}`,
    value: ms / 1000,
    unit: 's',
    ...(atMost === undefined ? {} : {target: {atMost}}),
  });
  return [
    row('queued → running, p50', median(total), goals.whole),
    row('queued → running, p99', percentile(total, 0.99)),
    row('own share, p50', median(own), goals.own),
    row('own share, p99', percentile(own, 0.99)),
    ...(untilSync.length > 0 ? [row("until the host's next call, p50", median(untilSync))] : []),
    ...(hold ? [{measure: `${name}: on a standby machine`, value: standby.size, unit: `of ${total.length} jobs`}] : []),
  ];
}
