import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {bundle} from '../../../functions/build/bundle';
import type {Run} from '../../../shared/providers/cloud-run/client/run';
import {RunWorld} from '../../emulators/run/model';
import {RunServer} from '../../emulators/run/server';
import {VirtualScheduler} from '../../emulators/scheduler';
import {SeededRandom} from '../../emulators/seeded-random';

const ENTRY = resolve(__dirname, '../../../shared/providers/cloud-run/client/client.ts');

// The bundles hold a part of the client library and of its messages: each call has to work with what is left.
test('the client of Cloud Run makes every call from a bundle', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-run-'));
  const clock = new VirtualScheduler();
  const world = new RunWorld({scheduler: clock, random: new SeededRandom(7)});
  const server = new RunServer(world);
  try {
    world.addJob({name: 'runner', cpu: '4', memory: '16Gi'});
    world.endNext(1, 7, 'The container exited with an error.');
    const emulator = await server.listen();
    await bundle({entry: ENTRY, outdir: folder, maps: join(folder, '.maps'), external: []});
    const {createRun} = require(join(folder, 'index.js')) as {createRun(at: typeof emulator): Run};
    const run = createRun(emulator);
    const job = 'projects/world/locations/us-central1/jobs/runner';
    expect(await run.getJob(job)).toMatchObject({cpus: 4, gib: 16, maxRetries: 0});
    const execution = await run.runJob({job, args: ['./run.sh'], env: {A: 'b'}, timeoutSeconds: 3600});
    expect(world.execution(execution)).toMatchObject({args: ['./run.sh'], env: {A: 'b'}, timeoutSeconds: 3600});
    clock.advance(60_000);
    expect(await run.getExecution(execution)).toMatchObject({isFinished: true, hasFailed: true, env: {A: 'b'}});
    expect(await run.exitCode(execution)).toBe(7);
    const second = await run.runJob({job, env: {}, timeoutSeconds: 60});
    const {executions} = await run.listExecutions(job);
    expect(executions.map(({name}) => name)).toEqual([second, execution]);
    expect(await run.cancelExecution(second)).toBe('accepted');
    expect(await run.cancelExecution(execution)).toBe('ended');
    expect(await run.deleteExecution(execution)).toBe('accepted');
    expect(await run.getExecution(`${job}/executions/runner-none`)).toBeUndefined();
    expect(server.violations).toEqual([]);
  } finally {
    await server.close();
    rmSync(folder, {recursive: true, force: true});
  }
}, 60_000);
