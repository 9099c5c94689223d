import {writeFileSync} from 'node:fs';
import {cpus, loadavg, totalmem} from 'node:os';
import {parseArgs} from 'node:util';
import {burst} from './burst';
import {calls} from './calls';
import {dockerHost} from './docker-host';
import {history} from './history';
import {ingest} from './ingest';
import {openPage} from './open-page';
import {queueToRunning} from './queue-to-running';
import {type BenchResult, isMet, table} from './result';
import {scale} from './scale';
import {start} from './start';
import {sweep} from './sweep';

const BENCHES = {
  start,
  ingest,
  burst,
  calls,
  sweep,
  history,
  page: openPage,
  'docker-host': dockerHost,
  'queue-to-running': queueToRunning,
  scale,
};

const HELP = `npm run bench -- [--only ${Object.keys(BENCHES).join(',')}] [--json results.json]

Measures each figure beside its baseline of the same run. Tables go to standard output, progress to standard error; --json writes the
figures to a file too. Exits with 1 when a target is missed. docs/performance.md tells what each benchmark measures.`;

/**
 * `npm run bench [-- --only start,ingest] [--json results.json]`: measures, each figure beside its baseline of the same run. Exits with 1
 * when a target is missed.
 */
async function main(): Promise<void> {
  const {values} = parseArgs({options: {only: {type: 'string'}, json: {type: 'string'}, help: {type: 'boolean'}}});
  if (values.help) return void console.log(HELP);
  const names = values.only ? values.only.split(',') : Object.keys(BENCHES);
  const results: BenchResult[] = [];
  for (const name of names) {
    const bench = BENCHES[name as keyof typeof BENCHES];
    if (!bench) throw new Error(`found --only ${name}, expected some of ${Object.keys(BENCHES).join(', ')}`);
    const result = await bench((line) => void process.stderr.write(`${line}\n`));
    console.log(table(result));
    results.push(result);
  }
  const machine = {
    cpu: cpus()[0]?.model,
    cpus: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    load: loadavg()[0],
    node: process.version,
  };
  console.log(JSON.stringify(machine));
  if (values.json) writeFileSync(values.json, `${JSON.stringify({machine, results}, null, 2)}\n`);
  const missed = results.flatMap(({rows}) => rows).filter((row) => isMet(row) === false);
  process.exitCode = missed.length > 0 ? 1 : 0;
}

void main();
