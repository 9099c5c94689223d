import * as Ec2Schemas from '@aws-sdk/client-ec2';
import * as StsSchemas from '@aws-sdk/client-sts';

/**
 * The names of parameters that an action of EC2 or STS has, by the schemas in AWS's own SDK. A schema is an array: its kind, namespace, name,
 * traits, and what it has. A member is a schema, or a schema and traits; a schema may stand behind a function.
 *
 * @see https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html
 */
type Schema = unknown;

const LIST = 1;
const STRUCTURE = 3;
/** A list of a simple type is this and the type in one number. */
const SIMPLE_LIST = 64;

/** The schema of an action's input. Undefined: the SDK has no such action. */
function inputOf(action: string): Schema {
  const name = `${action}Request$`;
  return Reflect.get(Ec2Schemas, name) ?? Reflect.get(StsSchemas, name);
}

/** The given names that the action does not have; all of them for an action that the SDK does not know. */
export function unknownParameters(action: string, names: readonly string[]): string[] {
  const input = inputOf(action);
  return names.filter((name) => !fits(input, name.split('.')));
}

function fits(schema: Schema, path: readonly string[]): boolean {
  const found = resolved(schema);
  if (typeof found === 'number') {
    return (found & SIMPLE_LIST) === 0 ? path.length === 0 : path.length === 1 && isIndex(path[0]);
  }
  if (!Array.isArray(found)) return false;
  const [kind, , , , content, members] = found as readonly unknown[];
  if (kind === LIST) return isIndex(path[0]) && fits(memberOf(content).schema, path.slice(1));
  if (kind !== STRUCTURE) return path.length === 0;
  const [first, ...rest] = path;
  return (content as readonly string[]).some((member, index) => {
    const {schema: inner, traits} = memberOf((members as readonly unknown[])[index]);
    return queryName(member, traits) === first && fits(inner, rest);
  });
}

function isIndex(part: string | undefined): boolean {
  return part !== undefined && /^[1-9]\d*$/.test(part);
}

function resolved(schema: Schema): Schema {
  return typeof schema === 'function' ? resolved((schema as () => Schema)()) : memberOf(schema).schema;
}

/** A schema has its namespace in the second place, a member with traits has these there. */
function memberOf(member: Schema): {readonly schema: Schema; readonly traits: Readonly<Record<string, unknown>>} {
  const isMember = Array.isArray(member) && member.length === 2 && typeof member[1] !== 'string';
  if (!isMember) return {schema: typeof member === 'function' ? resolved(member) : member, traits: {}};
  const [schema, traits] = member as readonly unknown[];
  return {
    schema: typeof schema === 'function' ? resolved(schema) : schema,
    traits: typeof traits === 'object' && traits !== null ? (traits as Readonly<Record<string, unknown>>) : {},
  };
}

function queryName(member: string, {ec2QueryName, xmlName}: Readonly<Record<string, unknown>>): string {
  if (typeof ec2QueryName === 'string') return ec2QueryName;
  const name = typeof xmlName === 'string' ? xmlName : member;
  return name.charAt(0).toUpperCase() + name.slice(1);
}
