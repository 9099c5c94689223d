import type {ComputeWorld} from '../emulators/compute/model';
import type {Template} from '../emulators/compute/resources';
import type {SeededRandom} from '../emulators/seeded-random';
import {TEMPLATES} from './pools';
import type {Placements} from './scenario';

const GPU_MACHINE_TYPE = 'g2-standard-4';

/** Zones that may lack something, so that each pool keeps one. */
const LACKING = [['us-central1-a'], ['us-central1-b'], ['us-central1-f'], ['us-central1-a', 'us-central1-f']];

/** The pool with GPUs has two zones. */
const LACKING_GPUS = ['us-central1-a', 'us-central1-b'];

/** Half of the worlds have placements that are refused. */
export function drawPlacements(random: SeededRandom): Placements | undefined {
  if (random.next() < 0.5) return undefined;
  const pick = <T>(items: readonly T[]): T => items[random.below(items.length)] as T;
  const refused = () => pick([400, 404] as const);
  const disk = pick(['pd-balanced', 'hyperdisk-balanced'] as const);
  const fitting = disk === 'pd-balanced' ? 't2a-standard-4' : 'c4a-standard-4';
  const lacking = [
    ...pick(LACKING).map((zone) => ({zone, type: fitting, refused: refused()})),
    {zone: pick(LACKING_GPUS), type: pick([GPU_MACHINE_TYPE, 'nvidia-l4']), refused: refused()},
  ];
  const misfits = pick(['request', 'operation'] as const);
  return {lacking, disk, misfits, gpuSpot: pick(['prefer', 'never'] as const)};
}

/** The pools' templates, and what the world refuses. `diskGb`: of their boot disks; undefined: the image's. */
export function placeTemplates(compute: ComputeWorld, placements: Placements | undefined, diskGb?: number): void {
  for (const name of TEMPLATES) compute.addTemplate(template(name, placements, diskGb));
  if (!placements) return;
  compute.refuseMisfits(placements.misfits);
  for (const {zone, type, refused} of placements.lacking) compute.catalog.withdraw(zone, type, refused);
}

function template(name: string, placements: Placements | undefined, diskGb: number | undefined): Template {
  const isGpu = placements !== undefined && name === 'runner-gpu';
  const diskType = isGpu ? 'pd-balanced' : placements?.disk;
  return {
    name,
    properties: {
      machineType: isGpu ? GPU_MACHINE_TYPE : 't2a-standard-4',
      metadata: {items: [{key: 'startup-script', value: '#!/bin/bash\n/opt/runner/start'}]},
      labels: {team: 'platform'},
      scheduling: {automaticRestart: true, onHostMaintenance: 'MIGRATE'},
      ...(diskType ? {disks: [{boot: true, initializeParams: {diskType}}]} : {}),
      ...(diskGb ? {disks: [{boot: true, initializeParams: {diskSizeGb: String(diskGb)}}]} : {}),
    },
  };
}
