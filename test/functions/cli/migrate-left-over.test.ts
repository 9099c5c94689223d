import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {parse} from 'yaml';
import {checkText} from '../../../functions/cli/check';
import {GARM_FIELDS} from '../../../functions/cli/migrate/garm-fields';
import {INSTANCE_TEMPLATE_FIELDS} from '../../../functions/cli/migrate/instance-template-fields';
import {reading} from '../../../functions/cli/migrate/reading';
import {RUNS_ON_FIELDS} from '../../../functions/cli/migrate/runs-on-fields';
import {SCALE_SET_FIELDS} from '../../../functions/cli/migrate/scale-set-fields';
import {SYSTEMS} from '../../../functions/cli/migrate/systems';
import {TERRAFORM_AWS_FIELDS} from '../../../functions/cli/migrate/terraform-aws-fields';
import {parseText, type Translation, toYaml} from '../../../functions/cli/migrate/translation';
import {PEER_FILES} from '../../builders/peer-files';

const ROOT = join(__dirname, '../../..');

function translated(system: string, file: string): Translation {
  const translate = SYSTEMS[system];
  if (!translate) throw new Error(`no translator for ${system}`);
  return translate(parseText(file), {org: 'acme', region: 'europe-west3'});
}

/** What the file of pools says about the other system's file. */
function commentsOf(system: string, file = PEER_FILES[system] ?? ''): string {
  return (
    toYaml(translated(system, file))
      .match(/^\s*#.*$/gm)
      ?.join('\n') ?? ''
  );
}

interface Place {
  readonly names: string;
  /** Puts a field into one object of the file. */
  put(field: string, value: unknown): string;
}

/** Every object of a file. */
function placesIn(file: string): Place[] {
  const places: Place[] = [];
  const visit = (value: unknown, path: readonly (string | number)[]): void => {
    if (typeof value !== 'object' || value === null) return;
    if (!Array.isArray(value)) {
      places.push({
        names: path.filter((key) => typeof key === 'string').join('.'),
        put: (field, put) => {
          const copy: unknown = parse(file, {merge: true});
          const at = path.reduce((one, key) => (one as Record<string, unknown>)[key], copy);
          Object.assign(at as object, {[field]: put});
          return JSON.stringify(copy);
        },
      });
    }
    for (const [key, one] of Object.entries(value)) visit(one, [...path, Array.isArray(value) ? Number(key) : key]);
  };
  visit(parse(file, {merge: true}), []);
  return places;
}

/** Objects whose fields are names that a person gives, and what runs at present or RunsOn does not read either. */
const OTHER = /^(runners|pools|images|x-defaults|tags|labels)$/;

describe.each(Object.keys(PEER_FILES))('%s', (system) => {
  const file = PEER_FILES[system] ?? '';

  test('the published file gives a file of pools without errors', () => {
    expect(checkText(toYaml(translated(system, file)))).toMatchObject({kind: 'valid'});
  });

  test('a field that nobody knows is named, wherever it stands, and its value is not', () => {
    const places = placesIn(file).filter(({names}) => !OTHER.test(names));
    expect(places.length).toBeGreaterThan(2);
    for (const {names, put} of places) {
      const said = commentsOf(system, put('surprise', 'its-value'));
      // Below a field with one answer for all of it, that field is named.
      const keys = [...names.split('.').filter(Boolean), 'surprise'];
      // A path begins at the pool.
      const paths = keys.flatMap((_, from) =>
        keys.slice(from).map((__, to) => keys.slice(from, from + to + 1).join('.')),
      );
      const isNamed = paths.some((path) => new RegExp(`(# |, )${escaped(path)}[,:]`).test(said));
      expect([names, isNamed]).toEqual([names, true]);
      expect(said).not.toContain('its-value');
    }
  });

  test('no value that may be a secret is repeated', () => {
    expect(toYaml(translated(system, file))).not.toMatch(
      /the-secret-token|proxy\.example|make ready|echo ready|by the manager/,
    );
  });
});

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

test.each([
  ['terraform-aws-github-runner', 'userdata_template', 'what it installs belongs into the image'],
  ['terraform-aws-github-runner', 'userdata_pre_install', 'metadata slipway-boot-script'],
  ['terraform-aws-github-runner', 'runner_config.ami', 'image of the template'],
  ['terraform-aws-github-runner', 'ami.kms_key_arn', 'kms_key of the template'],
  ['terraform-aws-github-runner', 'enable_ssm_on_runners', 'the variable ssh_over_iap'],
  ['terraform-aws-github-runner', 'enable_userdata', 'startup_script = ""'],
  ['terraform-aws-github-runner', 'fifo, redrive_build_queue', 'no equivalent: a task is retried'],
  ['actions-runner-controller', 'proxy', 'the variable proxy'],
  ['actions-runner-controller', 'githubServerTLS', 'the variable ca_certificates'],
  ['actions-runner-controller', 'nvidia.com/gpu', 'accelerator of the template'],
  ['actions-runner-controller', 'template.spec.tolerations', 'no equivalent: Google places the VM'],
  ['actions-runner-controller', 'nodeSelector', 'no equivalent: Google places the VM'],
  ['actions-runner-controller', 'template.spec.securityContext', 'no equivalent: jobs run as the user runner'],
  ['actions-runner-controller', 'volumeMounts', 'no equivalent: a VM has its own disk'],
  ['garm', 'extra_specs.disksize, extra_specs.network_tags', 'its fields are the provider’s'],
  ['garm', 'extra_specs.disable_updates', 'no equivalent: startup.sh installs no updates'],
  ['garm', 'enable_shell', 'the variable ssh_over_iap'],
  ['runs-on', '_extends', 'translate that file, too'],
  ['runs-on', 'extras', 'docs/caches.md'],
  ['runs-on', 'nested-virt', 'nested_virtualization of the template'],
  ['runs-on', 'retry always, on-failure', 'no equivalent'],
  ['runs-on', 'admins', 'no equivalent: IAM'],
  ['google-cloud-github-runner', 'properties.guestAccelerators', 'accelerator of the template'],
  ['google-cloud-github-runner', 'properties.scheduling', 'no equivalent: runners end'],
  ['google-cloud-github-runner', 'disk_provisioned_iops', 'no equivalent'],
])('%s: %s is told', (system, field, said) => {
  const line = commentsOf(system)
    .split('\n')
    .find((one) => one.includes(said) && one.includes(field));
  expect(line).toBeDefined();
});

test('what has an equivalent is translated, not only told', () => {
  const [aws] = translated('terraform-aws-github-runner', PEER_FILES['terraform-aws-github-runner'] ?? '').pools;
  expect(aws?.pool.minIdle).toEqual([{cron: '* 9-17 * * 1-5', timezone: 'Europe/Berlin', count: 2}]);
  const pools = translated('runs-on', PEER_FILES['runs-on'] ?? '').pools.map(({pool}) => pool);
  expect(
    pools.map(({name, requires, rerunOnPreemption, provider}) => [name, requires, rerunOnPreemption, provider.spot]),
  ).toEqual([
    ['steady', ['*runner=steady*'], undefined, 'never'],
    ['fast', ['*runner=fast*'], true, 'prefer'],
    ['nightly', ['*pool=nightly*'], true, 'prefer'],
  ]);
  expect(translated('garm', PEER_FILES['garm'] ?? '').pools[1]?.pool.offers).toEqual(['my-scale-set', 'gpu']);
});

test('an extra label is offered where the matcher lets a job ask for it', () => {
  const entry = (exactMatch: boolean) =>
    `{matcherConfig: {exactMatch: ${exactMatch}, labelMatchers: [[self-hosted]]}, runner_config: {runner_extra_labels: "a, b"}}`;
  const offers = (exactMatch: boolean) =>
    translated('terraform-aws-github-runner', entry(exactMatch)).pools[0]?.pool.offers;
  expect([offers(false), offers(true)]).toEqual([['self-hosted', 'a', 'b'], ['self-hosted']]);
});

describe('several documents', () => {
  const set = (name: string) => `githubConfigUrl: https://github.com/acme\nrunnerScaleSetName: ${name}\n`;
  const names = (system: string, file: string) => translated(system, file).pools.map(({pool}) => pool.name);

  test('of scale sets are a pool each', () => {
    expect(names('actions-runner-controller', `---\n${set('one')}---\n${set('two')}---\n`)).toEqual(['one', 'two']);
  });

  test('of runner configurations are a pool each, with or without a name', () => {
    const entry = 'matcherConfig: {labelMatchers: [[a]]}\n';
    expect(names('terraform-aws-github-runner', `${entry}---\n${entry}`)).toEqual(['runner-1', 'runner-2']);
    expect(names('terraform-aws-github-runner', `${entry}---\nnamed:\n  ${entry}`)).toEqual(['runner-1', 'named']);
  });

  test('of RunsOn are refused, as there is one file', () => {
    expect(() => translated('runs-on', 'runners: {a: {}}\n---\nrunners: {b: {}}\n')).toThrow(
      'found 2 documents, expected one',
    );
  });

  test('what kubectl prints has the name of the scale set in its metadata', () => {
    const resource = {
      kind: 'AutoscalingRunnerSet',
      metadata: {name: 'gpu'},
      spec: {githubConfigUrl: 'https://github.com/acme'},
    };
    expect(names('actions-runner-controller', JSON.stringify({kind: 'List', items: [resource]}))).toEqual(['gpu']);
    expect(() => translated('actions-runner-controller', 'kind: RunnerDeployment\nmetadata: {name: x}\n')).toThrow(
      'found a resource of kind RunnerDeployment',
    );
  });
});

test('what all pools have in common is said once, above them', () => {
  const sets = ['one', 'two'].map((name) => ({
    githubConfigUrl: 'https://github.com/acme',
    runnerScaleSetName: name,
    proxy: {a: 1},
  }));
  const said = commentsOf('actions-runner-controller', JSON.stringify(sets));
  expect(said.match(/the variable proxy/g)).toHaveLength(1);
  expect(said).toMatch(/# Of every pool:\n[\s\S]*# proxy: /);
});

test('a part of the file that is read is not named, and empty values say nothing', () => {
  const {fields, unread} = reading({
    a: {b: 1, c: [1, 2], d: {e: null, f: [], g: ''}},
    h: [{i: 1}, {i: 2, j: 3}],
    'k.l': {m: 1},
  });
  expect(fields.a.c).toEqual([1, 2]);
  expect(fields.h.map(({i}) => i)).toEqual([1, 2]);
  expect(unread({})).toEqual(['a.b, h.j, k.l: no equivalent: not known']);
});

test('what the remarks name are variables and fields of the module, and pages', () => {
  const all = [TERRAFORM_AWS_FIELDS, SCALE_SET_FIELDS, GARM_FIELDS, RUNS_ON_FIELDS, INSTANCE_TEMPLATE_FIELDS].flatMap(
    (table) => Object.values(table),
  );
  const module = [
    'variables.tf',
    ...readdirSync(join(ROOT, 'terraform')).filter((name) => name.startsWith('variables-')),
  ]
    .map((name) => readFileSync(join(ROOT, 'terraform', name), 'utf8'))
    .join('\n');
  const names = new Set(all.flatMap((text) => text.match(/\b[a-z]+(_[a-z]+)+\b/g) ?? []));
  expect(names.size).toBeGreaterThan(10);
  for (const name of names) expect(module).toMatch(new RegExp(`variable "${name}"|\`${name}\``));
  const pages = new Set(all.flatMap((text) => text.match(/\b(docs|terraform)\/[\w-]+\.md\b/g) ?? []));
  for (const page of pages) expect(readFileSync(join(ROOT, page), 'utf8')).not.toBe('');
});
