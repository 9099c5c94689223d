import {spawnSync} from 'node:child_process';
import {mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parse} from 'yaml';
import {JIT_CONFIG_KEY} from '../../../shared/providers/gce/client/metadata-keys';
import {findCommand} from './commands';
import {describeIfPossible, describeScripts, describeWhen} from './describe-scripts';
import {RUNNER_FOLDER} from './machine';

const read = (...path: string[]) => readFileSync(join(RUNNER_FOLDER, ...path), 'utf8');

/** Compute Engine's limit for one metadata value. https://cloud.google.com/compute/docs/metadata/overview */
const METADATA_VALUE_BYTES = 256 * 1024;

describeScripts('the assembled scripts', () => {
  it.each(['startup.sh', 'persistent.sh', 'docker-host.sh', 'startup.ps1', 'cloud-init.yaml'])(
    '%s is what assemble.sh makes of src/',
    (name) => {
      const folder = mkdtempSync(join(tmpdir(), 'slipway-assembled-'));
      try {
        expect(spawnSync('bash', [join(RUNNER_FOLDER, 'assemble.sh'), folder], {encoding: 'utf8'})).toMatchObject({
          status: 0,
        });
        expect(read(name)).toBe(readFileSync(join(folder, name), 'utf8'));
      } finally {
        rmSync(folder, {recursive: true});
      }
    },
  );

  it('cloud-init runs the startup script, byte for byte, at every boot', () => {
    expect(read('cloud-init.yaml')).toMatch(/^#cloud-config\n/);
    expect(parse(read('cloud-init.yaml'))).toEqual({
      write_files: [
        {path: '/var/lib/cloud/scripts/per-boot/slipway-runner', permissions: '0755', content: read('startup.sh')},
      ],
    });
  });

  it('read the JIT config where the control plane puts it', () => {
    expect(read('startup.sh')).toContain(`instance/attributes/${JIT_CONFIG_KEY})`);
  });

  it.each(['startup.sh', 'persistent.sh', 'docker-host.sh', 'startup.ps1', 'cloud-init.yaml'])(
    '%s fits into a metadata value',
    (name) => {
      expect(Buffer.byteLength(read(name))).toBeLessThan(METADATA_VALUE_BYTES);
    },
  );

  it('the README names every attribute that the scripts read', () => {
    const attributes = [`${read('startup.sh')}${read('persistent.sh')}${read('docker-host.sh')}`].flatMap((text) => [
      ...text.matchAll(/(?:setting|number|attributes\/) ?"?(slipway-[a-z0-9-]+?)(?:-\$arch)?[" )]/g),
    ]);
    const names = [...new Set(attributes.map((match) => match[1] ?? ''))];
    expect(names.length).toBeGreaterThan(8);
    for (const name of names) expect(read('README.md')).toContain(`\`${name}`);
  });
});

const shellcheck = findCommand('shellcheck');
describeWhen(
  shellcheck ? undefined : 'shellcheck is not installed (apt-get install shellcheck)',
  'the checks by shellcheck',
)('shellcheck', () => {
  it('has nothing to say of any script', () => {
    const scripts = readdirSync(RUNNER_FOLDER).filter((name) => name.endsWith('.sh'));
    expect(scripts).toHaveLength(5);
    const all = [...scripts, 'packer/slim.sh'];
    const {stdout, status} = spawnSync(shellcheck ?? '', all, {cwd: RUNNER_FOLDER, encoding: 'utf8'});
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });
});

const terraform = findCommand('terraform');
describeIfPossible(terraform ? undefined : 'terraform is not here', 'the format of the Packer template')(
  'the Packer template',
  () => {
    it('is formatted as Terraform formats the same language', () => {
      const template = read('packer/runner.pkr.hcl');
      const {stdout, status} = spawnSync(terraform ?? '', ['fmt', '-'], {input: template, encoding: 'utf8'});
      expect(status).toBe(0);
      expect(stdout).toBe(template);
    });
  },
);
