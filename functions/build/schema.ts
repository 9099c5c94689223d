import {writeFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import * as z from 'zod';
import {flatSchema, runnerConfigSchema} from '../../shared/config/pool-schema';

const ROOT = resolve(__dirname, '..', '..');
export const SCHEMA_PATH = join(ROOT, 'shared', 'config', 'runner-config.schema.json');

/** The JSON Schema (draft 2020-12) of `RUNNER_CONFIG`, for editors, generated from the schemas that validate the configuration. */
export function runnerConfigJsonSchema(): object {
  const schema = z.union([
    runnerConfigSchema.meta({title: 'Pools'}),
    flatSchema.meta({title: 'The older flat form: persistent VMs'}),
  ]);
  const generated = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io: 'input',
    // Keys that begin with x- are the author's own; withoutOwnKeys removes them.
    override: ({jsonSchema}) => {
      if (jsonSchema.additionalProperties === false) jsonSchema.patternProperties = {'^x-': {}};
    },
  });
  return {title: 'RUNNER_CONFIG of Slipway', ...generated};
}

export function schemaText(): string {
  return `${JSON.stringify(runnerConfigJsonSchema(), null, 2)}\n`;
}

if (require.main === module) writeFileSync(SCHEMA_PATH, schemaText());
