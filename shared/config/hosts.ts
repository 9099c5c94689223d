import type {Host} from '../model/host';
import {isRecord} from './form-mistakes';
import {DEFAULTS, hostSchema} from './pool-schema';
import type {Problems} from './variables';

/** The hosts with a name. What is wrong with the rest of one is the schema's to report, so that only that is reported. */
export function readHosts(value: unknown): Host[] {
  if (!Array.isArray(value)) return [];
  const {name: named, capacity: room, vm: machine, idleMinutes: idle} = hostSchema.shape;
  return value.filter(isRecord).flatMap((entry): Host[] => {
    const name = named.safeParse(entry['name']).data;
    if (name === undefined) return [];
    const vm = machine.safeParse(entry['vm']).data;
    return [
      {
        name,
        capacity: room.safeParse(entry['capacity']).data ?? 1,
        ...(vm ? {vm} : {}),
        idleMinutes: idle.safeParse(entry['idleMinutes']).data ?? DEFAULTS.idleMinutes,
      },
    ];
  });
}

/** Checks rules that concern several hosts, or hosts and pools. Values of a wrong shape are the schema's to report, and pass here. */
export function checkHosts(hosts: unknown, pools: readonly unknown[], root: string, problems: Problems): void {
  if (!Array.isArray(hosts)) return;
  const names = new Map<string, number>();
  const machines = new Map<string, string>();
  for (const [index, pool] of pools.entries()) {
    const provider = isRecord(pool) ? pool['provider'] : undefined;
    if (isRecord(provider) && provider['type'] === 'gce-vm') {
      machines.set(vmKey(provider), `the VM of pools[${index}] of type gce-vm`);
    }
  }
  hosts.forEach((host: unknown, index) => {
    if (!isRecord(host)) return;
    const {name, vm} = host;
    const path = `${root}.hosts[${index}]`;
    const first = typeof name === 'string' ? names.get(name) : undefined;
    if (first !== undefined) {
      const found = `${problems.describe(name)}, the name of hosts[${first}] too`;
      problems.report(`${path}.name`, found, 'a name of its own for each host');
    } else if (typeof name === 'string') {
      names.set(name, index);
    }
    if (!isRecord(vm)) return;
    const {zone: _, ...anywhere} = vm;
    const other = machines.get(vmKey(vm)) ?? machines.get(vmKey(anywhere));
    if (other)
      problems.report(
        `${path}.vm`,
        `${problems.describe(vm['instance'])}, ${other}`,
        'a VM of its own: what starts and stops it must know all of its work',
      );
    machines.set(vmKey(vm), `the VM of hosts[${index}]`);
  });
}

/** Of a `gce-vm` pool without a zone: whichever zone is the default. */
function vmKey({instance, zone}: Readonly<Record<string, unknown>>): string {
  return `${typeof zone === 'string' ? zone : ''} ${String(instance)}`;
}
