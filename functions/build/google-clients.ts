import {readFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import type {Plugin} from 'esbuild';
import {calls, sourcesOf, trimProtos} from './trim-protos';

const ROOT = resolve(__dirname, '..', '..');
const MODULES = join(ROOT, 'node_modules');
const GAX = join(MODULES, 'google-gax', 'build', 'src');

const FIRESTORE_V1 = `{FirestoreClient: require(${JSON.stringify(join(MODULES, '@google-cloud/firestore-api/build/src/v1/firestore_client.js'))}).FirestoreClient}`;

/**
 * Modules that replace others in the bundles. Google's clients contain gRPC, every version of an API, and static classes of every message;
 * REST needs none of them.
 */
const STAND_INS: Readonly<Record<string, string>> = {
  // The REST half of google-gax, and the four exports of its gRPC half that clients use. For an emulator, Firestore creates gRPC credentials
  // even if it does not use them.
  'google-gax': `
    module.exports = {
      ...require(${JSON.stringify(join(GAX, 'fallback.js'))}),
      Status: require(${JSON.stringify(join(GAX, 'status.js'))}).Status,
      loggingUtils: require('google-logging-utils'),
      decodeAnyProtosInArray: require(${JSON.stringify(join(GAX, 'util.js'))}).decodeAnyProtosInArray,
      grpc: {credentials: {createInsecure() {}}},
    };`,
  '@google-cloud/tasks': `
    exports.CloudTasksClient =
      require(${JSON.stringify(join(MODULES, '@google-cloud/tasks/build/cjs/src/v2/cloud_tasks_client.cjs'))}).CloudTasksClient;`,
  '@google-cloud/firestore-api': `exports.v1 = ${FIRESTORE_V1};`,
  '@google-cloud/firestore-api/build/src/v1': `module.exports = ${FIRESTORE_V1};`,
  // Static classes that only Firestore's pipelines use. Slipway uses no pipeline.
  firestoreProtos: 'exports.google = {firestore: {v1: {}}};',
  // Every client creates a client for locations, which is never called.
  locationService: 'exports.LocationsClient = class { async close() {} };',
  iamService: 'exports.IamClient = class { async close() {} };',
  // Static classes that only long-running operations over gRPC use.
  staticProtos: '',
};

/** Reduces Google's client libraries to the parts that Slipway uses. */
export const slimClients: Plugin = {
  name: 'google-clients',
  setup(build) {
    const isCalled = calls(sourcesOf(join(ROOT, 'shared')));
    const standIn = (name: string) => ({path: name, namespace: 'stand-in'});
    build.onResolve({filter: /^google-gax(\/fallback)?$/}, () => standIn('google-gax'));
    build.onResolve({filter: /^@google-cloud\/tasks$/}, ({path}) => standIn(path));
    build.onResolve({filter: /^@google-cloud\/firestore-api(\/build\/src\/v1)?$/}, ({path}) => standIn(path));
    build.onResolve({filter: /\/protos\/firestore_v1_proto_api$/}, () => standIn('firestoreProtos'));
    build.onResolve({filter: /^\.\/(iamService|locationService)$/}, ({path, importer}) =>
      importer.startsWith(GAX) ? standIn(path.slice(2)) : undefined,
    );
    build.onResolve({filter: /\/protos\/(iam_service|locations|operations)$/}, ({importer}) =>
      importer.startsWith(GAX) ? standIn('staticProtos') : undefined,
    );
    build.onLoad({filter: /.*/, namespace: 'stand-in'}, ({path}) => ({
      contents: STAND_INS[path] ?? '',
      resolveDir: GAX,
    }));
    build.onLoad({filter: /@google-cloud[\\/][^\\/]+[\\/]build[\\/]protos[\\/]protos\.json$/}, ({path}) => ({
      contents: JSON.stringify(trimProtos(JSON.parse(readFileSync(path, 'utf8')), isCalled)),
      loader: 'json',
    }));
    build.onLoad({filter: /@google-cloud[\\/]tasks[\\/].*_client\.cjs$/}, ({path}) => ({
      contents: withPlainRequires(readFileSync(path, 'utf8')),
      resolveDir: dirname(path),
    }));
  },
};

/**
 * The Cloud Tasks client reads its JSON files by a computed path, `getJSON(path.join(dirname, '..', 'x.json'))`, which a bundler
 * cannot follow: each such call becomes a plain `require`. The client's CommonJS build is used, because its other build needs `import.meta`.
 */
function withPlainRequires(source: string): string {
  return source.replace(
    /\(0, _jsonHelper\.getJSON\)\(_path\["default"\]\.join\(dirname, ([^)]*)\)\)/g,
    (_, parts: string) =>
      `require('./${parts
        .split(',')
        .map((part) => part.trim().replace(/'/g, ''))
        .join('/')}')`,
  );
}
