/** Where and how a machine is created, in the terms of its provider. */
export interface Placement {
  /** What the provider calls the place: a zone, a subnet, a region or a host. */
  readonly place: string;
  /** Undefined: the template's own machine type. */
  readonly machineType?: string;
  readonly spot: boolean;
}

/** Place, machine type and provisioning model as one key. */
export function placementKey({place, machineType, spot}: Placement): string {
  return `${place}|${machineType ?? ''}|${spot ? 'spot' : 'standard'}`;
}

/**
 * The fields of a record that hold its placement. Only `placementFields` writes them, and only `placementOf` reads them.
 *
 * Versions before the field `placement` wrote only `zone`, `machineType` and `spot`, each null until the first attempt. All four are
 * written, so that such a version can read the records of this one: during a deployment, when both run, and after a rollback.
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
 * The three older fields win if they are present: a version before the field `placement` updates them and copies `placement` unchanged.
 */
export function placementOf({placement = null, zone, machineType, spot}: PlacementFields): Placement | null {
  if (zone === undefined) return placement;
  if (zone === null) return null;
  return {place: zone, spot: spot ?? false, ...(machineType ? {machineType} : {})};
}
