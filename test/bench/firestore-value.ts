/** @see https://cloud.google.com/firestore/docs/reference/rest/v1/Value */
export type Value =
  | {readonly nullValue: null}
  | {readonly booleanValue: boolean}
  | {readonly integerValue: string}
  | {readonly doubleValue: number}
  | {readonly stringValue: string}
  | {readonly timestampValue: string}
  | {readonly arrayValue: {readonly values: readonly Value[]}}
  | {readonly mapValue: {readonly fields: Record<string, Value>}};

/** A document as the store writes it: `expireAt` is a timestamp there. */
export function encodeDocument(data: object): Record<string, Value> {
  const fields = encodeFields(data);
  const {expireAt} = data as {expireAt?: number};
  return expireAt === undefined ? fields : {...fields, expireAt: {timestampValue: new Date(expireAt).toISOString()}};
}

function encodeFields(data: object): Record<string, Value> {
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, encode(value)]));
}

function encode(value: unknown): Value {
  switch (typeof value) {
    case 'boolean':
      return {booleanValue: value};
    case 'number':
      return Number.isInteger(value) ? {integerValue: String(value)} : {doubleValue: value};
    case 'string':
      return {stringValue: value};
    case 'object':
      if (value === null) return {nullValue: null};
      return Array.isArray(value)
        ? {arrayValue: {values: value.map(encode)}}
        : {mapValue: {fields: encodeFields(value)}};
    default:
      throw new Error(`found a ${typeof value} in a document, expected what JSON has`);
  }
}
