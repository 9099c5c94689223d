import type {Status} from './answers';
import {Section} from './confirm';
import {duration, secondsSince} from './times';

/** Docker hosts and standby machines; nothing where a deployment has none. */
export function HostsAndStandby({
  status: {hosts = [], standby = []},
  now,
}: {
  readonly status: Status;
  readonly now: number;
}) {
  return (
    <>
      {hosts.length === 0 ? null : (
        <Section title="Docker hosts" id="hosts">
          <ul class="rows">
            {hosts.map((host) => (
              <li key={host.name}>
                <div class="head">
                  <span class="name">{host.name}</span>
                  <span class="tag">
                    {host.containers} of {host.capacity}
                  </span>
                  <span class={host.silent ? 'age wrong' : 'age'}>{seen(host, now)}</span>
                </div>
                <div
                  class="bar"
                  role="img"
                  aria-label={`${host.name}: ${host.containers} of ${host.capacity} containers`}
                >
                  <span
                    class="part running"
                    style={{left: '0%', width: `${(100 * host.containers) / Math.max(1, host.capacity)}%`}}
                  />
                </div>
              </li>
            ))}
          </ul>
        </Section>
      )}
      {standby.length === 0 ? null : (
        <Section title="Standby machines" id="standby">
          <ul class="rows compact">
            {standby.map(({pool, wanted, ready, preparing, claimed}) => (
              <li key={pool}>
                <div class="head">
                  <span class="name">{pool}</span>
                  <span class="age">
                    {ready} of {wanted} ready, {preparing} in preparation, {claimed} claimed
                  </span>
                </div>
              </li>
            ))}
          </ul>
        </Section>
      )}
    </>
  );
}

function seen({last_seen, silent, vm}: NonNullable<Status['hosts']>[number], now: number): string {
  if (vm !== null && vm !== 'running' && !silent)
    return vm === 'starting' ? 'VM starting' : `VM ${vm}, started for jobs`;
  if (last_seen === null) return 'has never called';
  return `${silent ? 'silent: last seen' : 'seen'} ${duration(secondsSince(last_seen, now))} ago`;
}
