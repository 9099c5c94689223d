import {parseArgs} from 'node:util';
import {SIMULATED_PROVIDERS, type SimulatedProvider} from '../scenario';

export const HELP = `The simulation: whole deployments on a virtual clock, with seeded faults, and checks after each step.

  npm run simulate                              1,000 seeds, from seed 1
  npm run simulate -- --seeds 10000             so many
  npm run simulate -- --seed 4711 --seeds 1     one seed again: a failing one is cut down and shown with its trace
  npm run simulate -- --days 7                  jobs go on coming for so long (default 0.25)
  npm run simulate -- --provider memory         machines of a provider that exists in tests alone (default gce);
                                                memory-ids: its service knows machines by ids alone;
                                                cloud-run: executions of a Cloud Run job; codemagic: builds there;
                                                docker: containers on hosts; ec2: EC2;
                                                all: every one of them, each with a pool, in one configuration
  npm run simulate -- --workers 2               processes (default 2)
  npm run simulate -- --trace                   shows the trace of a single seed, also when all is well
  npm run simulate -- --help                    this text

Exits with 1 when a seed failed. docs/simulation.md tells what is simulated and how a trace is read.
`;

export interface Arguments {
  readonly seed: number;
  readonly seeds: number;
  readonly days: number;
  readonly provider: SimulatedProvider;
  readonly workers: number;
  readonly trace: boolean;
  readonly help: boolean;
}

/** Throws an `Error` whose message is for the person at the terminal. */
export function parseArguments(argv: readonly string[]): Arguments {
  const {values} = parseArgs({
    args: [...argv],
    options: {
      seed: {type: 'string', default: '1'},
      seeds: {type: 'string', default: '1000'},
      days: {type: 'string', default: '0.25'},
      provider: {type: 'string', default: 'gce'},
      workers: {type: 'string', default: '2'},
      trace: {type: 'boolean', default: false},
      help: {type: 'boolean', short: 'h', default: false},
    },
  });
  return {
    seed: numberOf('--seed', values.seed, 0, 2 ** 32 - 1, true),
    seeds: numberOf('--seeds', values.seeds, 1, 10_000_000, true),
    days: numberOf('--days', values.days, 0.01, 60, false),
    provider: simulatedProvider(values.provider),
    workers: numberOf('--workers', values.workers, 1, 64, true),
    trace: values.trace,
    help: values.help,
  };
}

export function simulatedProvider(text: string): SimulatedProvider {
  const known = SIMULATED_PROVIDERS.find((one) => one === text);
  if (known) return known;
  throw new Error(`--provider: found ${text}, expected one of ${SIMULATED_PROVIDERS.join(', ')}`);
}

function numberOf(option: string, text: string, least: number, most: number, whole: boolean): number {
  const number = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && number >= least && number <= most && (!whole || Number.isInteger(number)))
    return number;
  throw new Error(`${option}: found ${text}, expected a ${whole ? 'whole ' : ''}number from ${least} to ${most}`);
}
