/** Where and how a machine is created. */
export interface Placement {
  /** What the provider calls the place: a zone, a subnet, a region or a host. */
  readonly place: string;
  /** Undefined: the template's own machine type. */
  readonly machineType?: string;
  readonly spot: boolean;
}

/**
 * The fields of a record that hold its placement: written with `placed`, read with `placementOf` and by nobody else.
 *
 * Versions before `placement` wrote `zone`, `machineType` and `spot` alone, each null until the first attempt. Those fields are still written, so
 * that such a version can read what this one wrote: side by side with it while a deployment is replaced, and after a return to it.
 */
export interface PlacementFields {
  readonly placement?: Placement | null;
  readonly zone?: string | null;
  readonly machineType?: string | null;
  readonly spot?: boolean | null;
}

/** The fields to write for a placement. Null: none was attempted yet. */
export function placementFields(placement: Placement | null): Required<PlacementFields> {
  return {
    placement,
    zone: placement?.place ?? null,
    machineType: placement?.machineType ?? null,
    spot: placement?.spot ?? null,
  };
}

/**
 * The placement on record; null: none was attempted yet.
 *
 * An older version copies `placement` unread when it writes the three fields: where these are present, they are the newer ones.
 */
export function placementOf({placement = null, zone, machineType, spot}: PlacementFields): Placement | null {
  if (zone === undefined) return placement;
  if (zone === null) return null;
  return {place: zone, spot: spot ?? false, ...(machineType ? {machineType} : {})};
}
