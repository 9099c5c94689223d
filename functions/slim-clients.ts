import {readdirSync, readFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import type {Plugin} from 'esbuild';
import {type IsCalled, trimProtos} from './trim-protos';

const ROOT = resolve(__dirname, '..');
const MODULES = join(ROOT, 'node_modules');
const GAX = join(MODULES, 'google-gax', 'build', 'src');

const FIRESTORE_V1 = `{FirestoreClient: require(${JSON.stringify(join(MODULES, '@google-cloud/firestore-api/build/src/v1/firestore_client.js'))}).FirestoreClient}`;

/**
 * Modules that stand in for others in the bundles. Google's clients come with gRPC, with every version of an API, and with static classes
 * of every message, for callers who want one; REST needs none of that.
 */
const STAND_INS: Readonly<Record<string, string>> = {
  // The client's own REST half, and the four things that clients take from its gRPC half. Firestore asks for gRPC credentials of an
  // emulator even when it does not use them.
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
  // Static classes that Firestore's pipelines build their messages with; nothing else does, and nothing here has a pipeline.
  firestoreProtos: 'exports.google = {firestore: {v1: {}}};',
  // Every client makes a client for locations beside itself, which nobody asks anything.
  locationService: 'exports.LocationsClient = class { async close() {} };',
  iamService: 'exports.IamClient = class { async close() {} };',
  // Static classes, for callers of long-running operations over gRPC.
  staticProtos: '',
};

/** Makes Google's client libraries as small as what is used of them. */
export const slimClients: Plugin = {
  name: 'slim-clients',
  setup(build) {
    const isCalled = calls();
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
 * cannot follow: each such call becomes a plain `require`. Its CommonJS build, because the other asks for `import.meta`.
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

/** Called by Firestore's own library; the methods of every other client are called from `shared`. */
const FIRESTORE = ['BatchGetDocuments', 'BeginTransaction', 'Commit', 'Rollback', 'RunQuery', 'RunAggregationQuery'];

/** Of these packages every client is imported by its file, so that the imports tell which services are used. */
const BY_FILE = /['"]@google-cloud\/compute\/build\/src\/v1\/(\w+)_client['"]/g;

/** Services and methods that are used, read off the sources in `shared`: by name alone, which keeps too much rather than too little. */
function calls(): IsCalled {
  const folder = join(ROOT, 'shared');
  const sources = readdirSync(folder, {recursive: true, encoding: 'utf8'})
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(folder, file), 'utf8'));
  const all = (pattern: RegExp) =>
    new Set(sources.flatMap((source) => [...source.matchAll(pattern)].map(([, name = '']) => name)));
  const methods = all(/\.(\w+)\(/g);
  const compute = new Set([...all(BY_FILE)].map(pascalCase));
  const elsewhere = new Set(['CloudTasks', 'SecretManagerService']);
  return (service, method) => {
    if (service === 'Firestore') return FIRESTORE.includes(method);
    if (!compute.has(service) && !elsewhere.has(service)) return false;
    const name = method.charAt(0).toLowerCase() + method.slice(1);
    // Listing in pages, too, is by a method of its own.
    return methods.has(name) || methods.has(`${name}Async`) || methods.has(`${name}Stream`);
  };
}

/** `instance_templates` is InstanceTemplates. */
function pascalCase(name: string): string {
  return name.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
