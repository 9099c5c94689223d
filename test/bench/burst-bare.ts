import {randomUUID} from 'node:crypto';
import type {HttpFunction} from '@google-cloud/functions-framework';
import {createBodyReader, MAX_TASK_BYTES} from '../../shared/http/read-body';
import {instanceBody} from '../../shared/providers/gce/client/body';
import {createCompute} from '../../shared/providers/gce/client/client';
import type {Compute} from '../../shared/providers/gce/client/compute';
import {createServices, type ServicesOptions} from '../../shared/services';
import {BURST} from './burst-place';

/**
 * What cannot be left out of `provision`: a JIT config and an insert call by the same clients, with no check, no store and no waiting for
 * the VM. Its request: `{job, installation}`.
 */
export function createBare(options: ServicesOptions): HttpFunction {
  const services = createServices('provision', options);
  const {zone, pool, labels, scope, template: name} = BURST;
  const bodies = createBodyReader(MAX_TASK_BYTES);
  let compute: Compute | undefined;
  let template: ReturnType<Compute['getTemplate']> | undefined;

  return async (request, response) => {
    if (request.method !== 'POST') return void response.status(405).end();
    const received = (await bodies.open(request).read()).bytes();
    const {context, config} = await services();
    const {project, emulators} = config;
    compute ??= createCompute({project, ...(emulators.compute ? {emulator: emulators.compute} : {})});
    template ??= compute.getTemplate({name});
    const found = await template;
    if (!found) throw new Error(`found no template ${name} in the simulated Compute Engine`);
    const {job, installation} = JSON.parse(received.toString()) as {job: number; installation: number};
    const runner = `slipway-${pool}-${job}-1`;
    const github = context.github(scope, installation);
    const {encodedJitConfig} = await github.createJitConfig({name: runner, labels, runnerGroup: 'Default'});
    const body = instanceBody({
      name: runner,
      deployment: 'slipway',
      pool,
      job: `${job}-1`,
      encodedJitConfig,
      placement: {place: zone, spot: false},
      template: found,
      minutes: {boot: 5, idle: 10, job: 120},
    });
    await compute.insertInstance({zone, sourceInstanceTemplate: found.selfLink, body, requestId: randomUUID()});
    response.status(200).end();
  };
}
