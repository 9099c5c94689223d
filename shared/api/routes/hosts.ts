import * as z from 'zod';
import {hostNamed} from '../../hosts/containers';
import {type KnownHost, readHosts} from '../../hosts/hosts';
import {syncHost} from '../../hosts/sync';
import {Problem} from '../../http/errors';
import {jsonReply} from '../../http/server';
import type {ReportedContainer} from '../../model/container';
import {RFC_1035} from '../../model/names';
import {operation} from '../operation';
import {hostView} from '../resources';
import {Host, HostName} from '../schemas';

/** Containers in one report, far above any capacity. */
const MAX_CONTAINERS = 2_000;

/** A report of so many containers, each in up to 250 bytes. */
const MAX_REPORT_BYTES = 1024 * 1024;

const ContainerTime = z
  .string()
  .max(40)
  .refine((text) => Number.isFinite(Date.parse(text)), 'expected a time of ISO 8601')
  .nullable();

/** Unknown fields are ignored, so that a newer agent gets on with this version. */
const Report = z
  .object({
    agent: z
      .string()
      .min(1)
      .max(40)
      .meta({description: 'Version of the agent.', examples: ['1']}),
    containers: z
      .array(
        z.object({
          name: z.string().regex(RFC_1035, 'expected the name of a container of Slipway'),
          state: z.enum(['created', 'running', 'exited']),
          exit_code: z.int().nullable(),
          started_at: ContainerTime,
          finished_at: ContainerTime,
        }),
      )
      .max(MAX_CONTAINERS)
      .meta({description: 'Every container on the host that carries the label of this deployment.'}),
  })
  .meta({id: 'HostReport'});

const Orders = z
  .object({
    start: z
      .array(
        z.object({
          name: z.string(),
          image: z.string(),
          command: z.array(z.string()).nullable().meta({description: 'Null: the image’s own.'}),
          env: z.record(z.string(), z.string()),
          cpus: z.number().nullable(),
          memory: z.string().nullable(),
          pids_limit: z.int().nullable(),
          volumes: z.array(z.string()),
          privileged: z.boolean(),
          timeout_seconds: z.number().meta({description: 'After this time the agent kills the container.'}),
        }),
      )
      .meta({description: 'Containers to start; each is answered once.'}),
    remove: z.array(z.string()).meta({description: 'Containers to remove; repeated until they are not reported.'}),
    images: z.array(z.string()).meta({description: 'Images to pull ahead.'}),
    wait_seconds: z.number().meta({description: 'Until the next sync.'}),
  })
  .meta({id: 'HostOrders'});

const EXAMPLE: z.output<typeof Host> = {
  name: 'builder',
  capacity: 7,
  containers: 2,
  free: 5,
  last_seen: '2026-11-01T12:00:00.000Z',
  silent: false,
  vm: null,
  agent: '1',
};

export const listHosts = operation(
  {
    id: 'listHosts',
    method: 'GET',
    path: '/hosts',
    alsoAt: '/api/v1/hosts',
    tag: 'hosts',
    summary: 'Lists the Docker hosts',
    access: 'secret',
    parameters: z.strictObject({}),
    query: z.strictObject({}),
    outcomes: {
      200: {
        description: 'Every host of the configuration, by the records alone.',
        schema: z.object({deployment: z.string(), hosts: z.array(Host)}).meta({id: 'Hosts'}),
        example: {deployment: 'slipway', hosts: [EXAMPLE]},
      },
    },
    problems: [],
  },
  async (request) => {
    const context = await request.context();
    const hosts = await readHosts(context);
    return jsonReply({deployment: context.deployment, hosts: hosts.map((host: KnownHost) => hostView(host))});
  },
);

export const sync = operation(
  {
    id: 'syncHost',
    method: 'POST',
    path: '/hosts/{host}/sync',
    tag: 'hosts',
    summary: 'Reports the containers of a Docker host, and gets what it has to do',
    description:
      'Called by the agent of the host every few seconds. The answer holds single-use JIT configs: it is not to be logged.',
    access: 'host',
    parameters: z.strictObject({host: HostName}),
    query: z.strictObject({}),
    body: {schema: Report, required: true, example: {agent: '1', containers: []}},
    maxBodyBytes: MAX_REPORT_BYTES,
    outcomes: {200: {description: 'What the host has to do.', schema: Orders}},
    problems: ['unknown-host'],
  },
  async (request, {path, body}) => {
    const context = await request.context();
    const host = hostNamed(context, path.host);
    if (!host) throw new Problem('unknown-host', `found no host ${path.host} in hosts of RUNNER_CONFIG`);
    const containers = body.containers.map(
      ({name, state, exit_code, started_at, finished_at}): ReportedContainer => ({
        name,
        state,
        exitCode: exit_code,
        startedAt: started_at === null ? null : Date.parse(started_at),
        finishedAt: finished_at === null ? null : Date.parse(finished_at),
      }),
    );
    return jsonReply(await syncHost(context, host, {agent: body.agent, containers}));
  },
);
