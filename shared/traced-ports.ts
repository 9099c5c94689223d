import type {GitHub} from './github/github';
import {JOB_LABEL, POOL_LABEL} from './model/names';
import {type RunnerScope, scopeName} from './model/scope';
import type {Context} from './ports';
import type {Compute} from './providers/gce/client/compute';
import type {RunnerProvider} from './providers/provider';
import type {Tasks} from './tasks/tasks';
import type {SpanFields, Tracer} from './telemetry/tracer';

/**
 * The context, in which every call to GitHub, a provider, a persistent VM and the store is a span of the active execution. The queues are not
 * wrapped here, because `services-base.ts` wraps them in `tracedTasks`.
 */
export function tracedContext(context: Context, tracer: Tracer): Context {
  return {
    ...context,
    store: traced('store', context.store, tracer, {
      get: (collection, id) => ({collection, document: id}),
      find: (collection) => ({collection}),
      count: (collection) => ({collection}),
    }),
    github: (scope, installationId) => tracedGitHub(context.github(scope, installationId), scope, tracer),
    provider: (pool, type) => tracedProvider(context.provider(pool, type), {pool}, tracer),
    providers: (types) =>
      context
        .providers(types)
        .map(({type, provider}) => ({type, provider: tracedProvider(provider, {provider: type}, tracer)})),
    vm: (reference) => {
      const fields = () => ({vm: reference.instance, zone: reference.zone});
      return traced('vm', context.vm(reference), tracer, {
        status: fields,
        beginStart: fields,
        start: fields,
        beginStop: fields,
        stop: fields,
      });
    },
  };
}

function tracedProvider(provider: RunnerProvider, fields: SpanFields, tracer: Tracer): RunnerProvider {
  return traced('provider', provider, tracer, {
    placements: ({name, job}) => ({...fields, runner: name, job}),
    readAhead: ({name, job}) => ({...fields, runner: name, job}),
    create: ({name, job}) => ({...fields, runner: name, job}),
    find: ({name, place}) => ({...fields, runner: name, zone: place}),
    delete: ({name, place}) => ({...fields, runner: name, zone: place}),
    list: () => fields,
    wasPreempted: ({name, place}) => ({...fields, runner: name, zone: place}),
    failure: ({name, place}) => ({...fields, runner: name, zone: place}),
    console: ({name, place}) => ({...fields, runner: name, zone: place}),
    check: (pool) => ({...fields, pool}),
  });
}

/** Adds the active trace to each task: the span of the task's execution is a child of the span that created the task. */
export function tracedTasks(tasks: Tasks, tracer: Tracer): Tasks {
  const withTrace: Tasks = {
    enqueue(task) {
      const active = tracer.activeSpan();
      if (!active) return tasks.enqueue(task);
      return tasks.enqueue({...task, headers: {...task.headers, traceparent: active.traceparent}});
    },
    check: (queue, owner) => tasks.check(queue, owner),
  };
  return traced('tasks', withTrace, tracer, {
    enqueue: ({queue, name, delaySeconds}) => ({queue, task: name, delaySeconds}),
    check: (queue) => ({queue}),
  });
}

export function tracedCompute(compute: Compute, tracer: Tracer): Compute {
  return traced('compute', compute, tracer, {
    insertInstance: ({zone, body}) => ({
      zone,
      runner: body.name,
      pool: body.labels[POOL_LABEL],
      job: body.labels[JOB_LABEL],
      spot: body.scheduling.provisioningModel === 'SPOT',
    }),
    getInstance: (zone, name) => ({zone, instance: name}),
    getInstanceDetails: (zone, name) => ({zone, instance: name}),
    setMetadata: (zone, name) => ({zone, instance: name}),
    setLabels: (zone, name) => ({zone, instance: name}),
    guestAttribute: (zone, name) => ({zone, instance: name}),
    serialOutput: (zone, name) => ({zone, instance: name}),
    deleteInstance: (zone, name) => ({zone, instance: name}),
    powerInstance: (action, zone, name) => ({action, zone, instance: name}),
    waitForOperation: ({zone, name}) => ({zone, operation: name}),
    getTemplate: ({name, region}) => ({template: name, region}),
    zonesOfRegion: (region) => ({region}),
    quotasOfRegion: (region) => ({region}),
  });
}

function tracedGitHub(github: GitHub, scope: RunnerScope, tracer: Tracer): GitHub {
  const where: SpanFields = {scope: scopeName(scope)};
  return traced('github', github, tracer, {
    createJitConfig: ({name}) => ({...where, runner: name}),
    createRegistrationToken: () => where,
    findRunner: (name) => ({...where, runner: name}),
    getRunner: (id) => ({...where, runnerId: id}),
    listRunners: () => where,
    deleteRunner: (id) => ({...where, runnerId: id}),
    removeLabel: (id) => ({...where, runnerId: id}),
    addLabels: (id) => ({...where, runnerId: id}),
    getJob: (repository, jobId) => ({repository, jobId}),
  });
}

/** Functions from a call's parameters to the fields of its span. A method without such a function gets a span without fields. */
type Describe<Port> = {
  readonly [Method in keyof Port]?: NonNullable<Port[Method]> extends (...parameters: infer P) => Promise<unknown>
    ? (...parameters: P) => SpanFields
    : never;
};

type Method = (...parameters: unknown[]) => Promise<unknown>;

/** The port with a span around each call, named `<name>.<method>`. Every method of the port is asynchronous. */
function traced<Port extends object>(name: string, port: Port, tracer: Tracer, describe: Describe<Port> = {}): Port {
  return new Proxy(port, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== 'function' || typeof key !== 'string') return member;
      const method = member as Method;
      const fieldsOf = Reflect.get(describe, key) as ((...parameters: unknown[]) => SpanFields) | undefined;
      return (...parameters: unknown[]) =>
        tracer.inSpan(`${name}.${key}`, fieldsOf?.(...parameters) ?? {}, async (span) => {
          const result = await method.apply(target, parameters);
          span.set(outcomeOf(result));
          return result;
        });
    },
  });
}

/** The outcome of the call, if it is a word: `'created'`, `{kind: 'no_capacity'}`. */
function outcomeOf(result: unknown): SpanFields {
  if (typeof result === 'string') return {decision: result};
  if (typeof result !== 'object' || result === null || !('kind' in result)) return {};
  return typeof result.kind === 'string' ? {decision: result.kind} : {};
}
