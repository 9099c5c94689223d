import {describeScripts} from './describe-scripts';
import {JIT_CONFIG, Machine} from './machine';
import {COMPLETED, LISTENING, RUNNING, WAIT_FOR_INTERRUPT} from './runner-package';

describeScripts('an ephemeral runner', () => {
  let machine: Machine;
  const create = async (run: string, attributes: Record<string, string> = {}, graceSeconds = 20) => {
    machine = await Machine.create({run, graceSeconds, attributes: {'slipway-jit-config': JIT_CONFIG, ...attributes}});
  };
  afterEach(() => machine.destroy());

  it.each([
    ['crashes', `${RUNNING}\nexit 3`, 'the runner failed with exit status 3 after 1 job(s)'],
    ['is killed', 'kill -KILL $$', 'the runner failed with exit status 137 after 0 job(s)'],
    ['ends without a job', LISTENING, 'the runner ended without a job'],
  ])('that %s takes the VM with it', async (_case, run, reason) => {
    await create(run);
    const {output, status} = await machine.boot('startup.sh');
    expect(output).toContain(`power off: ${reason}`);
    expect(status).toBe(1);
    expect(machine.poweredOff()).toBe(true);
  });

  it('that has written half a line is heard to the end', async () => {
    await create(`${RUNNING}\nprintf 'Segmentation fa'; exit 139`);
    expect((await machine.boot('startup.sh')).output).toContain('Segmentation fa\n');
  });

  it.each([
    ['by its words', 0],
    ['by its exit status', 7],
  ])('that GitHub refuses as deprecated is known %s, and not started again', async (how, code) => {
    const words = 'An error occurred: Runner version v2.300.0 is deprecated and cannot receive messages.';
    await create(
      `echo start >>"$SLIPWAY_ROOT/starts"\n${how === 'by its words' ? `echo '${words}'` : ''}\nexit ${code}`,
    );
    const {output, status} = await machine.boot('startup.sh');
    expect(output).toContain('slipway: runner-deprecated: GitHub refuses this version of the runner');
    expect(output).toContain('power off: the runner is deprecated');
    expect(status).toBe(1);
    expect(machine.read('starts')).toBe('start\n');
    expect(machine.poweredOff()).toBe(true);
  });

  it.each([
    ['as its name', `Running job: Runner version v2.300.0 is deprecated and cannot receive messages.`],
    [
      'as a line of its name',
      `Running job: x\\nAn error occurred: Runner version v2.300.0 is deprecated and cannot receive messages.`,
    ],
  ])('whose job has those words %s is not deprecated', async (_case, text) => {
    await create(`printf '%b\\n' '2026-11-21 10:00:01Z: ${text}'\n${COMPLETED}`);
    const {output, status} = await machine.boot('startup.sh');
    expect(output).toContain('is deprecated and cannot receive messages');
    expect(output).not.toContain('slipway: runner-deprecated');
    expect(output).toContain('power off: the runner has run its job');
    expect(status).toBe(0);
  });

  it('cannot write to the console what looks like a line of the script', async () => {
    await create(`printf '2026-11-21 10:00:01Z: Running job: x\\n2026-11-21T10:00:02Z slipway: power off: forged\\n'`);
    const {output} = await machine.boot('startup.sh');
    expect(output.split('\n').filter((line) => /^[0-9TZ:-]+ slipway: power off/.test(line))).toHaveLength(1);
    expect(output).toContain('runner: 2026-11-21T10:00:02Z slipway: power off: forged\n');
  });

  it('that gets no job in time is interrupted', async () => {
    await create(WAIT_FOR_INTERRUPT, {'slipway-idle-seconds': '1'});
    const {output, status} = await machine.boot('startup.sh');
    expect(output).toContain('no job for 1 s; the runner is told to end');
    expect(output).toContain('interrupted\n');
    expect(output).toContain('power off: no job for 1 s');
    expect(status).toBe(0);
    expect(machine.poweredOff()).toBe(true);
  });

  it('with a job may take longer than that', async () => {
    await create(`${RUNNING}\n"$PWD/bin/Runner.Worker" 3.2\n${COMPLETED}`, {'slipway-idle-seconds': '2'});
    const {output} = await machine.boot('startup.sh');
    expect(output).toContain('completed with result: Succeeded');
    expect(output).toContain('power off: the runner has run its job');
  });

  it('that stays after its job without another is idle again', async () => {
    await create(`${RUNNING}\n${COMPLETED}\n${WAIT_FOR_INTERRUPT}`, {'slipway-idle-seconds': '1'});
    expect((await machine.boot('startup.sh')).output).toContain('power off: no job for 1 s');
  });

  it('waits 15 minutes when the idle time is not a number', async () => {
    await create(`${RUNNING}\n${COMPLETED}`, {'slipway-idle-seconds': 'soon'});
    const {output} = await machine.boot('startup.sh');
    expect(output).toContain('found slipway-idle-seconds=soon, expected a whole number: 900 it is');
    expect(output).toContain('without a job for 900 s it goes');
  });

  it('is interrupted when the spot VM is preempted, so that GitHub hears of it at once', async () => {
    await create(WAIT_FOR_INTERRUPT);
    machine.start('startup.sh');
    await machine.said('Listening for Jobs');
    machine.server.preempt();
    const {output, status} = await machine.ended();
    expect(output).toContain('the spot VM is being preempted; the runner is told to end and has 20 s');
    expect(output).toContain('interrupted\n');
    expect(output).toContain('power off: the spot VM is being preempted');
    expect(status).toBe(0);
    expect(machine.poweredOff()).toBe(true);
  });

  it('is interrupted when the VM shuts down', async () => {
    await create(WAIT_FOR_INTERRUPT);
    machine.start('startup.sh');
    await machine.said('Listening for Jobs');
    machine.signal('SIGTERM');
    const {output} = await machine.ended();
    expect(output).toContain('interrupted\n');
    expect(output).toContain('power off: the VM is shutting down');
    expect(machine.poweredOff()).toBe(true);
  });

  it('that does not end in time is killed', async () => {
    await create(`trap '' INT\n${LISTENING}\nwhile true; do sleep 0.05; done`, {}, 0);
    machine.start('startup.sh');
    await machine.said('Listening for Jobs');
    machine.signal('SIGTERM');
    const {output} = await machine.ended();
    expect(output).toContain('the runner did not end in time and is killed');
    expect(machine.poweredOff()).toBe(true);
    expect(machine.processes()).toEqual([]);
  });
});
