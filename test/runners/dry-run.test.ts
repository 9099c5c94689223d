import {aSystem, MINUTE} from '../builders/system';

test('DRY_RUN decides and logs everything, and changes nothing at GitHub or Compute Engine', async () => {
  const system = await aSystem({env: {DRY_RUN: 'true'}});
  try {
    const job = system.queueJob();
    await system.pass(30 * MINUTE);
    const decisions = system.log.map((line) => (JSON.parse(line) as {message: string}).message);
    expect(decisions).toContain(`dry run: would register runner slipway-arm-${job.id}-1`);
    expect(decisions).toContain(`dry run: would make a VM for runner slipway-arm-${job.id}-1`);
    expect(system.compute.created).toEqual([]);
    expect(system.github.requests).toEqual([]);
    expect(job.status).toBe('queued');
  } finally {
    await system.close();
  }
});
