import type {Placement, PoolConfig, PoolTest, Status} from './answers';
import {ask} from './client';
import {type Action, Section} from './confirm';

const STATES = ['busy', 'idle', 'booting', 'draining'] as const;

/** `requested` and `creating` count as booting: there is no runner yet. */
function counts(states: Readonly<Record<string, number>>): Readonly<Record<(typeof STATES)[number], number>> {
  const of = (name: string) => states[name] ?? 0;
  return {
    busy: of('busy'),
    idle: of('idle'),
    booting: of('requested') + of('creating') + of('booting'),
    draining: of('draining'),
  };
}

/** Each pool as a bar of its runners against its limit, with what a person can do with it. */
export function Pools({
  pools,
  configs,
  onAction,
}: {
  readonly pools: Status['pools'];
  readonly configs: readonly PoolConfig[];
  readonly onAction: (action: Action) => void;
}) {
  return (
    <Section title="Pools" id="pools">
      <p class="legend" aria-hidden="true">
        <span class="part running" /> busy <span class="part idle" /> idle <span class="part booting" /> booting{' '}
        <span class="part ending" /> being deleted
      </p>
      <ul class="rows">
        {pools.map(({name, limit, states}) => {
          const count = counts(states);
          const most = Math.max(limit, 1, count.busy + count.idle + count.booting + count.draining);
          const words = STATES.filter((state) => count[state] > 0).map((state) => `${count[state]} ${state}`);
          const isVm = configs.find((config) => config.name === name)?.provider.type === 'gce-vm';
          return (
            <li key={name}>
              <div class="head">
                <span class="name">{name}</span>
                <span class="age">
                  {words.join(', ') || 'nothing runs'}, limit {limit}
                </span>
              </div>
              <div class="bar" role="img" aria-label={`${name}: ${words.join(', ') || 'nothing runs'}, limit ${limit}`}>
                <Filled count={count} most={most} />
              </div>
              <div class="buttons">
                {isVm ? (
                  <VmButtons pool={name} onAction={onAction} />
                ) : (
                  <button type="button" onClick={() => onAction(testOf(name))}>
                    Test {name}
                  </button>
                )}
              </div>
            </li>
          );
        })}
      </ul>
    </Section>
  );
}

function Filled({count, most}: {readonly count: ReturnType<typeof counts>; readonly most: number}) {
  const classes = {busy: 'running', idle: 'idle', booting: 'booting', draining: 'ending'} as const;
  let left = 0;
  return (
    <>
      {STATES.map((state) => {
        const width = (100 * count[state]) / most;
        const at = left;
        left += width;
        return width > 0 ? (
          <span key={state} class={`part ${classes[state]}`} style={{left: `${at}%`, width: `${width}%`}} />
        ) : null;
      })}
    </>
  );
}

function VmButtons({pool, onAction}: {readonly pool: string; readonly onAction: (action: Action) => void}) {
  const power = (what: 'start' | 'stop', consequence: string): Action => ({
    title: `${what === 'start' ? 'Start' : 'Stop'} the VM of ${pool}`,
    consequence,
    run: async () => {
      const {status} = await ask<{readonly status: string}>(`runner/${what}?pool=${encodeURIComponent(pool)}`, {
        method: 'POST',
      });
      return status === 'busy' ? 'It runs a job and was not stopped.' : `It is ${status.replaceAll('_', ' ')}.`;
    },
  });
  return (
    <>
      <button
        type="button"
        onClick={() =>
          onAction(
            power('start', 'The VM starts, and costs until it is stopped; without a job it stops after its idle time.'),
          )
        }
      >
        Start {pool}
      </button>
      <button type="button" onClick={() => onAction(power('stop', 'The VM stops. If it runs a job, nothing happens.'))}>
        Stop {pool}
      </button>
    </>
  );
}

function triedIn(placements: readonly Placement[]): string {
  const places = placements.map(({place, machine_type: type, spot}) =>
    [place, type, spot ? 'spot' : null].filter(Boolean).join(' '),
  );
  return places.length > 0 ? ` Would be tried: ${places.join(', ')}.` : '';
}

function testOf(pool: string): Action {
  return {
    title: `Test pool ${pool}`,
    consequence: 'A dry run: says what would be done for a job of this pool, and changes nothing.',
    run: async () => {
      const {because, placements, fallbacks} = await ask<PoolTest>(`pools/${encodeURIComponent(pool)}/test`, {
        method: 'POST',
        body: {},
      });
      const others = fallbacks.map((each) => ` Fallback: ${each.because}.${triedIn(each.placements)}`);
      return `${because}.${triedIn(placements)}${others.join('')}`;
    },
  };
}
