import {type Clock, withDeadline} from '../../clock';
import {Refused, Unavailable} from '../../errors';
import {regionOf} from '../../model/names';
import {type Finding, failedFinding, QUESTION_MS} from '../provider';
import type {Compute, InstanceTemplate} from './client/compute';
import {withComputeErrors} from './client/errors';
import {findTemplate} from './client/templates';
import type {GcePool} from './create';
import {type MachineKind, quotaFinding, quotaLeft} from './quota';
import {type DefaultPlace, poolRegion, poolZones} from './zones';

/** Name that no VM has. */
const ABSENT_INSTANCE = 'slipway-health-check';

/** What a check asks. */
type Asked = Pick<Compute, 'getInstance' | 'getTemplate' | 'quotasOfRegion' | 'zonesOfRegion'>;

interface CheckOptions {
  readonly compute: Asked;
  readonly pool: GcePool;
  readonly place: DefaultPlace;
  readonly clock: Clock;
}

/**
 * Whether a machine of the pool could be created now: the place answers, the template is there and deletes its boot disk with the VM, and the
 * quotas have room. Reads afresh, and changes nothing.
 */
export async function checkPool({compute, pool, place, clock}: CheckOptions): Promise<readonly Finding[]> {
  const {provider} = pool;
  if (poolRegion(pool, place) === undefined && !provider.zones?.length && place.zone === undefined) {
    const remedy = 'Name zones or a region in the pool, or set GOOGLE_CLOUD_REGION.';
    return both({
      status: 'skipped',
      because: 'neither the pool nor the environment names a zone or region',
      do: remedy,
    });
  }
  try {
    const zones = await ask(clock, poolZones(compute, pool, place));
    const [zone] = zones;
    if (zone === undefined) throw new Refused('no zone of the region is up; name zones of another region in the pool');
    const region = poolRegion(pool, place) ?? regionOf(zone);
    // Reading an absent VM needs the same permission as reading a VM.
    const [template] = await Promise.all([
      ask(clock, findTemplate(compute, provider.template, region, {afresh: true})),
      ask(clock, compute.getInstance(zone, ABSENT_INSTANCE)),
    ]);
    return [templateFinding(template, zones), await checkQuota({compute, pool, place, clock}, template, zones)];
  } catch (error) {
    return both(failedFinding(error));
  }
}

/** Waits for the answer to one question, for less time than a call of the client may take. */
function ask<T>(clock: Clock, question: Promise<T>): Promise<T> {
  const silent = () => new Unavailable(`Compute Engine did not answer within ${QUESTION_MS / 1000} s`, 10);
  return withDeadline(QUESTION_MS, withComputeErrors(clock, question), silent);
}

/** Without a place or a template the quotas cannot be compared with a machine either. */
function both(finding: Finding): readonly Finding[] {
  const because = `the pool's machines are not known: ${finding.because}`;
  return [finding, {about: 'quota', status: 'skipped', because, do: finding.do}];
}

function templateFinding({selfLink, disks}: InstanceTemplate, zones: readonly string[]): Finding {
  const name = selfLink.slice(selfLink.lastIndexOf('/') + 1);
  if (disks.some(({isBoot, autoDelete}) => isBoot && !autoDelete)) {
    const because = `template ${name} keeps the boot disk of each VM that is deleted (autoDelete is false)`;
    const remedy =
      'Make a template whose boot disk has autoDelete: true, name it in the pool, and delete the disks that were left over.';
    return {status: 'warning', because, do: remedy};
  }
  const because = `template ${name} is there, and Compute Engine answers for ${zones.join(', ')}`;
  return {status: 'ok', because, do: 'Nothing to do.'};
}

async function checkQuota(
  {compute, pool, clock}: CheckOptions,
  template: InstanceTemplate,
  zones: readonly string[],
): Promise<Finding> {
  const regions = [...new Set(zones.map(regionOf))];
  try {
    const left = await Promise.all(
      regions.map(async (region) => {
        const quotas = await ask(clock, compute.quotasOfRegion(region));
        if (!quotas) throw new Refused(`found no region ${region}; correct the zones of the pool`);
        return kindsOf(pool, template, region).map((kind) => quotaLeft(kind, template, quotas));
      }),
    );
    return quotaFinding(left.flat());
  } catch (error) {
    return {about: 'quota', ...failedFinding(error)};
  }
}

function kindsOf({provider}: GcePool, template: InstanceTemplate, region: string): MachineKind[] {
  const types = provider.machineTypes ?? [template.machineType];
  const models = {never: [false], prefer: [true, false], only: [true]}[provider.spot];
  return models.flatMap((spot) => types.map((machineType) => ({region, machineType, spot})));
}
