const MAX_LENGTH = 20;

export interface UnnamedPool {
  readonly name?: string | undefined;
  readonly labels: readonly string[];
}

/**
 * A name for every pool: its own, else one made from its labels. A made one that is in use gets `-2`, `-3`, …. It is part of the
 * names of VMs, so adding a pool in front of its like renames them: name pools that matter.
 */
export function namePools(pools: readonly UnnamedPool[]): string[] {
  const used = new Set(pools.flatMap(({name}) => (name ? [name] : [])));
  return pools.map((pool) => {
    if (pool.name) return pool.name;
    const base = slug(pool.labels);
    let name = cut(base, MAX_LENGTH);
    for (let n = 2; used.has(name); n++) name = `${cut(base, MAX_LENGTH - `-${n}`.length)}-${n}`;
    used.add(name);
    return name;
  });
}

/** `linux-arm64` of `[self-hosted, Linux, ARM64]`; `self-hosted` only where it stands alone, as every pool has it. */
function slug(labels: readonly string[]): string {
  const telling = labels.filter((label) => label.toLowerCase() !== 'self-hosted');
  const text = (telling.length > 0 ? telling : labels)
    .join('-')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  if (text === '') return 'pool';
  return /^[a-z]/.test(text) ? text : `pool-${text}`;
}

function cut(text: string, length: number): string {
  return text.slice(0, length).replace(/-+$/, '');
}
