const SHARED_CORE: Readonly<Record<string, number>> = {'e2-micro': 2, 'e2-small': 2, 'e2-medium': 2};
const PREDEFINED =
  /^(?:a2|a3|a4|a4x|c2|c2d|c3|c3d|c4|c4a|c4d|e2|g2|g4|h3|h4d|m1|m3|m4|n1|n2|n2d|n4|n4a|n4d|t2a|t2d|x4|z3)-[a-z]+-(\d+)(?:-lssd|-metal)?g?$/;
const ZONES = {
  'us-central1': ['us-central1-a', 'us-central1-b', 'us-central1-f'],
  'europe-west1': ['europe-west1-b'],
  'asia-northeast1': ['asia-northeast1-a'],
};

export type ZonesByRegion = Readonly<Record<string, readonly string[]>>;

/** How Compute Engine says that a zone does not have something: both are seen. */
export type Absence = 400 | 404;

/** Which regions, zones, machine types and accelerators there are. */
export class Catalog {
  readonly #regions = new Map<string, string>();
  readonly #down = new Set<string>();
  readonly #withdrawn = new Map<string, Absence>();

  constructor(readonly zonesByRegion: ZonesByRegion = ZONES) {
    for (const [region, zones] of Object.entries(zonesByRegion)) {
      for (const zone of zones) this.#regions.set(zone, region);
    }
  }

  get zones(): string[] {
    return [...this.#regions.keys()];
  }

  hasZone(zone: string): boolean {
    return this.#regions.has(zone);
  }

  regionOf(zone: string): string {
    return this.#regions.get(zone) ?? zone.slice(0, zone.lastIndexOf('-'));
  }

  statusOf(zone: string): 'UP' | 'DOWN' {
    return this.#down.has(zone) ? 'DOWN' : 'UP';
  }

  /** A zone that is down accepts no instance, and lists of it are incomplete. */
  setZoneStatus(zone: string, status: 'UP' | 'DOWN'): void {
    if (status === 'DOWN') this.#down.add(zone);
    else this.#down.delete(zone);
  }

  /** Takes a machine type or an accelerator out of one zone. */
  withdraw(zone: string, type: string, refused: Absence = 400): void {
    this.#withdrawn.set(`${zone}/${type}`, refused);
  }

  /** How a request for a machine type or an accelerator that the zone does not have is refused; undefined when it has it. */
  absence(zone: string, type: string): Absence | undefined {
    return this.#withdrawn.get(`${zone}/${type}`);
  }

  /** vCPUs; undefined when there is no such machine type anywhere. */
  vcpus(machineType: string): number | undefined {
    const predefined = PREDEFINED.exec(machineType)?.[1];
    return predefined === undefined ? SHARED_CORE[machineType] : Number(predefined);
  }
}
