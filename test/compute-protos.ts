import {mkdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {computeServices, type Node, sourcesOf, trimProtos} from '../functions/build/trim-protos';

const ROOT = resolve(__dirname, '..');
const WHOLE = join(ROOT, 'node_modules/@google-cloud/compute/build/protos/protos.json');
const TRIMMED = join(ROOT, 'node_modules/.cache/slipway-test/compute-protos.json');

/**
 * Writes the descriptions of Compute Engine's messages without the services that we do not use, trimmed as in the bundles. jest/resolver.cjs
 * puts the file in place of the package's own 12 MB, which each client of each test would print and hash when it starts. Returns its path.
 */
export function writeComputeProtos(): string {
  const services = computeServices(['shared', 'test'].flatMap((folder) => sourcesOf(join(ROOT, folder))));
  const trimmed = trimProtos(JSON.parse(readFileSync(WHOLE, 'utf8')) as Node, (service) => services.has(service));
  mkdirSync(dirname(TRIMMED), {recursive: true});
  // Another run may read it at this moment.
  const draft = `${TRIMMED}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(trimmed));
  renameSync(draft, TRIMMED);
  return TRIMMED;
}
