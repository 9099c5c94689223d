import {describeScripts} from './describe-scripts';
import {Machine} from './machine';
import {COMPLETED, LISTENING, RUNNING, WAIT_FOR_INTERRUPT} from './runner-package';

const BOOT = {
  'slipway-registration-token': 'TOKEN',
  'slipway-github-url': 'https://github.com/acme/app',
  'slipway-min-free-gb': '0',
};
const START = 'echo start >>"$SLIPWAY_ROOT/starts"; starts=$(grep -c . "$SLIPWAY_ROOT/starts")';

/** A runner that ends as told the first times, and then listens. */
const endsFirst = (times: number, how: string) => `${START}
if ((starts <= ${times})); then ${how}; fi
${WAIT_FOR_INTERRUPT}`;

describeScripts('the listener of a persistent runner', () => {
  let machine: Machine;
  const create = async (run: string, graceSeconds = 20) => {
    machine = await Machine.create({run, attributes: BOOT, graceSeconds});
  };
  const starts = () => (machine.read('starts') ?? '').split('\n').filter(Boolean).length;
  const shutDown = async () => {
    machine.signal('SIGTERM');
    return await machine.ended();
  };
  afterEach(() => machine.destroy());

  it.each([
    ['in a session conflict (status 5)', 'exit 5', 'the runner failed with exit status 5'],
    ['in a crash', "echo 'Segmentation fault'; exit 139", 'the runner failed with exit status 139'],
    ['for want of memory', 'kill -KILL $$', 'the runner failed with exit status 137'],
    ['without an error', 'exit 0', 'the runner ended without a job'],
  ])('that ends %s is started again', async (_case, how, reason) => {
    await create(endsFirst(2, how));
    machine.start('persistent.sh');
    await machine.said('Listening for Jobs');
    const {output} = await shutDown();
    expect(output).toContain(`${reason}`);
    expect(output).toContain('it is started again in 0 s (end 2 of 5)');
    expect(output).toContain('no runner any more: the VM is shutting down');
    expect(starts()).toBe(3);
    expect(machine.poweredOff()).toBe(false);
  });

  it('that ends five times in a row takes the VM with it', async () => {
    await create(`${START}\nexit 5`);
    const {output, status} = await machine.boot('persistent.sh');
    expect(output).toContain(
      'no runner any more: the runner failed with exit status 5 after 0 job(s), 5 times in a row',
    );
    expect(output).toContain('the VM powers off, so that the next job starts it anew');
    expect(starts()).toBe(5);
    expect(status).toBe(1);
    expect(machine.poweredOff()).toBe(true);
  });

  it('that had a job in between begins to count anew', async () => {
    await create(endsFirst(7, `((starts == 4)) && { ${RUNNING}; ${COMPLETED}; }; exit 1`));
    machine.start('persistent.sh');
    await machine.said('Listening for Jobs');
    const {output} = await shutDown();
    expect(output).toContain('(end 3 of 5)');
    expect(starts()).toBe(8);
    expect(machine.poweredOff()).toBe(false);
  });

  it('pauses three times as long each time', async () => {
    machine = await Machine.create({
      run: `${START}\nexit 5`,
      attributes: BOOT,
      pauseSeconds: 2,
      commands: {sleep: '[[ $1 == 0.* ]] && exec /bin/sleep "$1"'},
    });
    const {output} = await machine.boot('persistent.sh');
    expect(output.match(/started again in \d+ s/g)).toEqual([2, 6, 18, 54].map((s) => `started again in ${s} s`));
    const slept = machine.calls().filter((call) => /^sleep \d+$/.test(call));
    expect(slept).toEqual([2, 6, 18, 54].map((s) => `sleep ${s}`));
  });

  it.each([
    ['by its exit status', 'exit 7'],
    [
      'by its words',
      "echo 'An error occurred: Runner version v2.300.0 is deprecated and cannot receive messages.'; exit 0",
    ],
  ])(
    'that GitHub refuses as deprecated, %s, is not started again, and the VM stays on for a look',
    async (_case, how) => {
      await create(`${START}\n${how}`);
      const {output, status} = await machine.boot('persistent.sh');
      expect(output).toContain('slipway: runner-deprecated: GitHub refuses this version of the runner');
      expect(output).toContain('no runner any more: the runner is deprecated');
      expect(starts()).toBe(1);
      expect(status).toBe(1);
      expect(machine.poweredOff()).toBe(false);
    },
  );

  it('that was told to end is not started again', async () => {
    await create(`${START}\ntrap 'exit 3' INT\n${LISTENING}\nwhile true; do sleep 0.02; done`);
    machine.start('persistent.sh');
    await machine.said('Listening for Jobs');
    const {output} = await shutDown();
    expect(output).toContain('no runner any more: the VM is shutting down');
    expect(starts()).toBe(1);
    expect(machine.poweredOff()).toBe(false);
  });

  it('leaves no process of its job to the next one', async () => {
    await create(
      endsFirst(
        1,
        `${RUNNING}; ("$PWD/bin/Runner.Worker" 600 &) ; until [[ $(pgrep -f Runner.Worker) ]]; do sleep 0.02; done; exit 1`,
      ),
    );
    machine.start('persistent.sh');
    await machine.said('Listening for Jobs');
    const {output} = await shutDown();
    expect(output).not.toContain('worker ends');
    expect(output).toContain('interrupted');
    expect(machine.processes()).toEqual([]);
  });
});
