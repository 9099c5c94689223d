import type {SpanFields, Tracer} from './tracer';

/** What a span says of a call, from the call's parameters. A method without one gets a span with its name alone. */
export type Describe<Port> = {
  readonly [Method in keyof Port]?: NonNullable<Port[Method]> extends (...parameters: infer P) => Promise<unknown>
    ? (...parameters: P) => SpanFields
    : never;
};

type Method = (...parameters: unknown[]) => Promise<unknown>;

/** The port with a span around each call, named `<name>.<method>`. Every method of the port is asynchronous. */
export function traced<Port extends object>(
  name: string,
  port: Port,
  tracer: Tracer,
  describe: Describe<Port> = {},
): Port {
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

/** How the call ended, where that is a word: `'created'`, `{kind: 'no_capacity'}`. */
function outcomeOf(result: unknown): SpanFields {
  if (typeof result === 'string') return {decision: result};
  if (typeof result !== 'object' || result === null || !('kind' in result)) return {};
  return typeof result.kind === 'string' ? {decision: result.kind} : {};
}
