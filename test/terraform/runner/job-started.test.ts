import {spawnSync} from 'node:child_process';
import {chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {makeCommands} from './commands';
import {describeScripts} from './describe-scripts';
import {RUNNER_FOLDER} from './machine';

describeScripts('the hook before each job of a persistent runner', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'slipway-hook-'));
  });
  afterEach(() => rmSync(root, {recursive: true}));

  /** `free`: what the disk has, in GB; one number per time that it is asked. */
  const runHook = (free: readonly number[] = [100], commands: Record<string, string | null> = {}) => {
    const asked = join(root, 'asked');
    const df = `echo . >>${asked}; free=(${free.join(' ')}); n=$(cat ${asked} | tr -dc . ); n=\${#n}
      ((n <= \${#free[@]})) || n=\${#free[@]}; echo Avail; echo $((free[n - 1] * 1048576))`;
    makeCommands(join(root, 'path'), {docker: '[[ $* != *"ps "* ]] || echo 0123abcd', df, ...commands});
    return spawnSync('/bin/bash', [join(RUNNER_FOLDER, 'job-started.sh')], {
      encoding: 'utf8',
      env: {
        PATH: join(root, 'path'),
        SLIPWAY_ROOT: root,
        SLIPWAY_WORK_DIR: join(root, '_work'),
        SLIPWAY_OFFLINE_FLAG: join(root, 'offline'),
        SLIPWAY_MIN_FREE_GB: '10',
        RUNNER_WORKSPACE: join(root, '_work/app'),
        GITHUB_WORKSPACE: join(root, '_work/app/app'),
      },
    });
  };
  const put = (path: string) => {
    mkdirSync(dirname(join(root, path)), {recursive: true});
    writeFileSync(join(root, path), '');
  };
  const has = (path: string) => existsSync(join(root, path));
  const calls = () => (has('calls') ? readFileSync(join(root, 'calls'), 'utf8') : '');

  it('empties the job’s workspace and removes the others’', () => {
    for (const path of ['app/app/.git/HEAD', 'app/app/left', 'app/other', 'lib/lib/left', '.hidden/left'])
      put(`_work/${path}`);
    expect(runHook()).toMatchObject({status: 0, stdout: ''});
    expect(has('_work/app/app')).toBe(true);
    for (const path of ['app/app/.git', 'app/app/left', 'app/other', 'lib', '.hidden'])
      expect([path, has(`_work/${path}`)]).toEqual([path, false]);
  });

  it('leaves alone what the runner has prepared for this job, and the tool cache', () => {
    const kept = [
      '_work/_temp/event.json',
      '_work/_actions/checkout/index.js',
      '_work/_tool/node',
      '_work/_PipelineMapping/a',
    ];
    kept.forEach(put);
    runHook();
    expect(kept.filter(has)).toEqual(kept);
  });

  it('removes read-only folders', () => {
    put('_work/lib/cache/file');
    chmodSync(join(root, '_work/lib/cache'), 0o555);
    runHook();
    expect(has('_work/lib')).toBe(false);
  });

  it('removes containers, networks and volumes, but not images while there is room', () => {
    runHook();
    expect(calls()).toContain('docker rm --force --volumes 0123abcd');
    expect(calls()).toContain('docker system prune --force --volumes');
    expect(calls()).not.toContain('prune --all');
  });

  it('removes images too when room is short', () => {
    expect(runHook([5, 50]).status).toBe(0);
    expect(calls()).toContain('docker system prune --all --force --volumes');
    expect(has('offline')).toBe(false);
  });

  it('fails the job when room stays short, and asks for the runner to go offline', () => {
    const {status, stdout} = runHook([5]);
    expect(status).toBe(1);
    expect(stdout).toMatch(
      /^::error title=Slipway::found 5 GB free on .+, expected at least 10: make its disk larger or clear it/m,
    );
    expect(has('offline')).toBe(true);
  });

  it('works without Docker', () => {
    put('_work/lib/left');
    expect(runHook([100], {docker: null}).status).toBe(0);
    expect(has('_work/lib')).toBe(false);
  });
});
