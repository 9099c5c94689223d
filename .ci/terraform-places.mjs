// What an applied example says of itself, read from its state: everything is in the region that it was given, and no two resources have one name.
//
//   node .ci/terraform-places.mjs STATE REGION
import {readFileSync} from 'node:fs';

const [file, region] = process.argv.slice(2);
const {resources} = JSON.parse(readFileSync(file, 'utf8'));
const made = resources
  .filter(({mode, type}) => mode === 'managed' && type.startsWith('google_'))
  .flatMap(({module = '', type, name, instances}) =>
    instances.map(({index_key: key, attributes}) => ({
      address: `${module} ${type}.${name}[${key ?? ''}]`.trim(),
      type,
      attributes,
    })),
  );
if (made.length < 50)
  throw new Error(`found ${made.length} resources of Google Cloud in ${file}, expected a deployment`);

/** Grants have the names of what they are about, fields of a database that of their collection, and a dashboard's name is in its JSON. */
const named = made.filter(
  ({type}) =>
    !/_iam_|^google_firestore_(field|index)$|^google_monitoring_dashboard$|^google_project_service$|_secret_version$/.test(
      type,
    ),
);

const elsewhere = made.flatMap(({address, attributes}) =>
  ['location', 'location_id', 'region', 'zone']
    .filter(
      (name) =>
        typeof attributes[name] === 'string' &&
        attributes[name] !== 'global' &&
        !`${attributes[name]}-`.startsWith(`${region}-`),
    )
    .map((name) => `${address}: found ${name} ${attributes[name]}, expected ${region}`),
);

const owners = new Map();
for (const {address, type, attributes} of named) {
  const name = ['account_id', 'secret_id', 'role_id', 'repository_id', 'display_name', 'name']
    .map((key) => attributes[key])
    .find(Boolean);
  const identity = `${type} ${attributes.location ?? attributes.region ?? attributes.zone ?? attributes.bucket ?? ''} ${name}`;
  owners.set(identity, [...(owners.get(identity) ?? []), address]);
}
const twice = [...owners]
  .filter(([, addresses]) => addresses.length > 1)
  .map(([identity, addresses]) => `${identity}: found ${addresses.join(' and ')}, expected one`);

const mistakes = [...elsewhere, ...twice];
if (mistakes.length > 0) {
  process.stderr.write(`${mistakes.join('\n')}\n`);
  process.exitCode = 1;
}
