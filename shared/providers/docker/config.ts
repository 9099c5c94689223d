import * as z from 'zod';
import type {DockerProviderConfig} from '../../model/host';
import {RFC_1035} from '../../model/names';
import {checkPlaceholders, placeholdersIn} from '../../model/placeholders';
import {
  environment,
  type Here,
  memory,
  type ProviderBlock,
  type RawSettings,
  type SettingsProblems,
  text,
  words,
} from '../../model/settings';

/** A named volume and its place in the container: `cache:/cache`, `cache:/cache:ro`. @see https://docs.docker.com/engine/storage/volumes/ */
const VOLUME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,199}:\/[^:]{0,250}(:(ro|rw))?$/;

/** The schema of the settings of a pool of type docker. */
const dockerSchema = z.strictObject({
  type: z.literal('docker').meta({description: 'Runs each job in a container on a Docker host.'}),
  hosts: z
    .array(text(RFC_1035, 'the name of a host', 63), {error: 'a list of names of hosts'})
    .min(1, {error: 'at least one host'})
    .meta({description: 'Names of hosts of the list hosts at the top level; the least busy one is taken.'}),
  image: text(/^[A-Za-z0-9]\S*$/, 'an image, such as ghcr.io/actions/actions-runner:2.338.0').meta({
    description: 'Image of the containers.',
  }),
  registration: z
    .enum(['jit', 'token'], {error: 'jit or token'})
    .meta({
      description:
        'jit: the container gets a JIT config in ACTIONS_RUNNER_INPUT_JITCONFIG. token: the image registers its runner itself, with {registration_token}.',
      default: 'jit',
    })
    .optional(),
  command: words.meta({description: 'Replaces the CMD of the image; ENTRYPOINT stays.'}).optional(),
  env: environment.optional(),
  cpus: z
    .number({error: 'a number of processors, above 0'})
    .gt(0, {error: 'a number of processors, above 0'})
    .meta({description: 'Processors of a container.'})
    .optional(),
  memory: memory.meta({description: 'Memory of a container: 8g, or bytes.'}).optional(),
  pidsLimit: z
    .int({error: 'a whole number of processes, 1 or more'})
    .min(1, {error: 'a whole number of processes, 1 or more'})
    .meta({description: 'Processes in a container.'})
    .optional(),
  volumes: z
    .array(text(VOLUME, 'a named volume, such as cache:/cache: a bind mount would give jobs the files of the host'), {
      error: 'a list of volumes',
    })
    .meta({description: 'Named volumes, which the containers of the host share: NAME:/PATH.'})
    .optional(),
  privileged: z
    .boolean({error: 'true or false'})
    .meta({description: 'Whether containers have every right on the host.', default: false})
    .optional(),
});

function dockerSettings(
  raw: z.infer<typeof dockerSchema>,
  {containers, hosts: known = []}: Here,
): DockerProviderConfig {
  const {type, image, registration = 'jit', cpus, memory: most, pidsLimit, volumes = [], privileged = false} = raw;
  const command = raw.command ?? containers?.command;
  const hosts = [...new Set(raw.hosts)];
  const capacity = known.filter(({name}) => hosts.includes(name)).reduce((sum, each) => sum + each.capacity, 0);
  return {
    type,
    template: image,
    mostMachines: capacity,
    hosts,
    image,
    registration,
    ...(command ? {command} : {}),
    env: {...containers?.env, ...raw.env},
    ...(cpus === undefined ? {} : {cpus}),
    ...(most === undefined ? {} : {memory: String(most)}),
    ...(pidsLimit === undefined ? {} : {pidsLimit}),
    volumes,
    privileged,
  };
}

function checkDocker(
  _: RawSettings,
  provider: RawSettings,
  path: string,
  problems: SettingsProblems,
  {containers, hosts = []}: Here,
): void {
  const {registration = 'jit', env} = provider;
  const hasToken = registration === 'token';
  checkPlaceholders(provider['command'], `${path}.provider.command`, problems, hasToken);
  checkPlaceholders(env, `${path}.provider.env`, problems, hasToken);
  if (!hasToken) checkInherited(provider, path, problems, containers);
  if (!Array.isArray(provider['hosts'])) return;
  provider['hosts'].forEach((name, index) => {
    if (typeof name !== 'string' || !RFC_1035.test(name) || hosts.some((host) => host.name === name)) return;
    const expected = hosts.length === 0 ? 'a host of the list hosts, which is empty' : 'one of';
    const known = [...new Set(hosts.map((host) => host.name))].join(', ');
    problems.report(`${path}.provider.hosts[${index}]`, problems.describe(name), `${expected} ${known}`.trim());
  });
}

/** What the environment says for every pool of containers is checked where it applies. */
function checkInherited(
  {command, env}: RawSettings,
  path: string,
  problems: SettingsProblems,
  containers: Here['containers'],
): void {
  const own = typeof env === 'object' && env !== null ? env : {};
  const inherited: [string, string][] = Object.entries(containers?.env ?? {})
    .filter(([name]) => !Object.hasOwn(own, name))
    .map(([name, value]) => [`runnerenv_${name}`, value]);
  if (command === undefined) for (const word of containers?.command ?? []) inherited.push(['RUNNER_COMMAND', word]);
  for (const [variable, value] of inherited) {
    if (!placeholdersIn(value).includes('registration_token')) continue;
    const expected = `registration: token, or no {registration_token} in ${variable}, which the pool takes over`;
    problems.report(`${path}.provider.registration`, 'jit', expected);
  }
}

/** Pools of type docker. */
export const docker: ProviderBlock<typeof dockerSchema> = {
  schema: dockerSchema,
  options: ['cpus', 'memory'],
  settings: dockerSettings,
  check: checkDocker,
};
