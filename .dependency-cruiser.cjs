// Who may import whom (`npm run imports`): docs/CONTRIBUTING.md says why. A row of FOLDERS is a folder of `shared`, or one of its base files,
// and names what it may import; each row stands below all that it names, so that no two of them can import each other.
// https://github.com/sverweij/dependency-cruiser/blob/main/doc/rules-reference.md

const BASE = [
  'errors',
  'decisions',
  'clock',
  'random',
  'secret',
  'logger',
  'cache',
  'hmac',
  'task-signature',
  'host-token',
  'google-answer',
  'google-call',
  'durations',
];
/** Each holds an interface of an outside world, and nothing of what implements it. */
const INTERFACES = [
  'github/github',
  'github/shared-limits',
  'providers/provider',
  'providers/persistent-vm',
  'providers/container-hosts',
  'store/store',
  'tasks/tasks',
];
const CORE = ['model', 'ports', ...BASE, ...INTERFACES];
/** The settings of each provider, which `config/pool-schema.ts` puts together. */
const PROVIDER_CONFIG = '^shared/providers/[^/]+/config[.]ts$';
/** What the settings of a provider need to know of its machines. */
const SETTINGS_FACTS = '^shared/providers/gce/suspendable[.]ts$';
/** The contract of providers, and what they have in common. */
const OF_PROVIDERS =
  '^shared/providers/(provider|persistent-vm|container-hosts|placements|try-placements|poll-budget|console-line|on-record)[.]ts$';
const WORLDS = ['github', 'providers', 'store', 'tasks', 'telemetry'];

/** `may`: any import. `types`: only `import type`. `also`: of another folder, files that a rule of their own limits further. */
const FOLDERS = [
  {name: 'durations', may: []},
  {name: 'errors', may: []},
  {name: 'clock', may: []},
  {name: 'random', may: []},
  {name: 'secret', may: []},
  {name: 'decisions', may: []},
  {name: 'logger', may: ['decisions']},
  {name: 'cache', may: ['clock']},
  {name: 'hmac', may: ['secret']},
  {name: 'task-signature', may: ['hmac', 'secret']},
  {name: 'host-token', may: ['hmac', 'secret']},
  {name: 'google-answer', may: []},
  {name: 'google-call', may: ['google-answer']},
  {name: 'model', may: ['durations', 'errors']},
  {name: 'config', may: ['model', ...BASE], also: PROVIDER_CONFIG},
  ...WORLDS.map((name) => ({name, may: ['model', ...BASE], types: ['config']})),
  {name: 'ports', may: ['model', ...BASE], types: ['config', ...WORLDS]},
  {name: 'runners', may: CORE},
  {name: 'vms', may: CORE},
  {name: 'hosts', may: ['runners', 'vms', ...CORE]},
  {name: 'diagnosis', may: ['runners', 'vms', 'hosts', ...CORE], types: ['config']},
  {name: 'sweep', may: ['diagnosis', 'runners', 'vms', 'hosts', ...CORE], types: ['config']},
  {name: 'cleanup', may: ['sweep', 'runners', ...CORE]},
  {name: 'http', may: ['runners', 'telemetry', ...CORE], types: ['config']},
  {
    name: 'api',
    may: ['http', 'diagnosis', 'cleanup', 'runners', 'vms', 'hosts', 'providers/pages', ...CORE],
    types: ['config'],
  },
  {name: 'traced-ports', may: ['config', ...WORLDS, ...CORE]},
  {name: 'services-base', may: ['traced-ports', 'config', ...WORLDS, ...CORE]},
  {name: 'services', may: ['services-base', 'runners', 'hosts', 'traced-ports', 'config', ...WORLDS, ...CORE]},
];

/** Of `shared`: the files of a row, or one file (`github/github`). */
const files = (names) => `^shared/(${names.join('|')})(/|[.]ts$)`;
const OURS = '^(functions|shared|test)/';

function rulesOf({name, may, types = [], also}) {
  const from = {path: files([name])};
  return [
    {
      name: `${name}-imports`,
      comment: `shared/${name} may import ${[...may, ...types.map((type) => `types of ${type}`)].join(', ') || 'nothing of ours'}.`,
      severity: 'error',
      from,
      to: {path: OURS, pathNot: [files([name, ...may, ...types]), ...(also ? [also] : [])]},
    },
    ...(types.length === 0
      ? []
      : [
          {
            name: `${name}-imports-types`,
            comment: `shared/${name} may import types alone of ${types.join(', ')}: write "import type".`,
            severity: 'error',
            from,
            to: {path: files(types), pathNot: files([name, ...may]), dependencyTypesNot: ['type-only']},
          },
        ]),
  ];
}

for (const [row, {name, may, types = []}] of FOLDERS.entries()) {
  const above = FOLDERS.slice(0, row).map((each) => each.name);
  for (const one of [...may, ...types]) {
    if (above.includes(one.split('/')[0])) continue;
    throw new Error(`.dependency-cruiser.cjs: found ${one} in the row ${name}, expected a row above it`);
  }
}

module.exports = {
  forbidden: [
    {
      name: 'no-cycle',
      comment:
        'Files that import each other, at any distance, types included: move what both need into a file of its own.',
      severity: 'error',
      from: {},
      to: {circular: true},
    },
    {
      name: 'known-folder',
      comment: 'A new folder or base file of shared gets a row in FOLDERS of .dependency-cruiser.cjs.',
      severity: 'error',
      from: {path: '^shared/', pathNot: files(FOLDERS.map(({name}) => name))},
      to: {},
    },
    ...FOLDERS.flatMap(rulesOf),
    {
      name: 'model-packages',
      comment: 'The model decides: of packages it uses zod and croner, of Node.js crypto.',
      severity: 'error',
      from: {path: files(['model'])},
      to: {pathNot: [OURS, '^(node:)?crypto$', '(^|/)node_modules/(zod|croner)/']},
    },
    {
      name: 'composed-once',
      comment: 'What puts the services together is imported by functions alone: everything else is handed its ports.',
      severity: 'error',
      from: {pathNot: ['^(functions|test)/', files(['services', 'services-base'])]},
      to: {path: files(['services', 'services-base', 'traced-ports'])},
    },
    {
      name: 'provider-by-registry',
      comment:
        'A provider is loaded by registry.ts alone, where a pool uses it. services.ts and traced-ports.ts may take its types.',
      severity: 'error',
      from: {
        path: '^(shared|functions)/',
        pathNot: [
          '^shared/providers/([^/]+/|registry[.]ts$)',
          files(['services', 'traced-ports', 'config/pool-schema']),
        ],
      },
      to: {path: '^shared/providers/[^/]+/'},
    },
    {
      name: 'provider-types',
      comment:
        'services.ts and traced-ports.ts take types of a provider, for an emulated Compute Engine and the fields of spans.',
      severity: 'error',
      from: {path: files(['services', 'traced-ports'])},
      to: {path: '^shared/providers/[^/]+/', dependencyTypesNot: ['type-only']},
    },
    {
      name: 'provider-config-packages',
      comment: 'The settings of a provider are read wherever the configuration is: they need the model and zod alone.',
      severity: 'error',
      from: {path: [PROVIDER_CONFIG, SETTINGS_FACTS]},
      to: {pathNot: [files(['model']), SETTINGS_FACTS, '(^|/)node_modules/zod/']},
    },
    {
      name: 'provider-alone',
      comment: 'A provider imports of shared/providers its own folder, the contract and what providers have in common.',
      severity: 'error',
      from: {path: '^shared/providers/([^/]+)/'},
      to: {path: '^shared/providers/', pathNot: ['^shared/providers/$1/', OF_PROVIDERS]},
    },
    {
      name: 'sweep-rule-alone',
      comment:
        'A rule of the sweep reads what was observed and has the form of rule.ts; it knows nothing else of the sweep, and no other rule.',
      severity: 'error',
      from: {path: '^shared/sweep/rules/'},
      to: {
        path: '^shared/',
        pathNot: [
          '^shared/sweep/(rule|lost-events|observed|departing|fleet|persistence)[.]ts$',
          files(['model', ...BASE, ...INTERFACES]),
        ],
      },
    },
    {
      name: 'sweep-rule-types',
      comment: 'A rule of the sweep calls no outside world: it takes types of the interfaces.',
      severity: 'error',
      from: {path: '^shared/sweep/rules/'},
      to: {path: files(INTERFACES), dependencyTypesNot: ['type-only']},
    },
    {
      name: 'sweep-rules-in-the-plan',
      comment: 'plan.ts is the list of the rules: nothing else of shared imports one.',
      severity: 'error',
      from: {path: '^shared/', pathNot: '^shared/sweep/plan[.]ts$'},
      to: {path: '^shared/sweep/rules/'},
    },
    {
      name: 'api-route-alone',
      comment:
        'Routes are listed in routes/index.ts and do not import each other: what two of them need is in api/resources.ts.',
      severity: 'error',
      from: {path: '^shared/api/routes/', pathNot: '^shared/api/routes/index[.]ts$'},
      to: {path: '^shared/api/routes/'},
    },
    {
      name: 'function-alone',
      comment: 'Nobody imports a function. Only npm start (functions/local) starts the others, and tests.',
      severity: 'error',
      from: {path: '^(shared|functions/([^/]+))/', pathNot: '^functions/local/'},
      to: {path: '^functions/', pathNot: '^functions/$2/'},
    },
    {
      name: 'test-stays-out',
      comment: 'What is deployed imports nothing of test; npm start (functions/local) may start its emulators.',
      severity: 'error',
      from: {path: '^(shared|functions)/', pathNot: '^functions/local/'},
      to: {path: '^test/'},
    },
    {
      name: 'emulator-knows-no-core',
      comment:
        'An emulator models an outside world: of ours it may know the interfaces that it stands in for, not the code that is tested with it.',
      severity: 'error',
      from: {path: '^test/emulators/[^/]+/'},
      to: {path: OURS, pathNot: ['^test/emulators/', files(['model', ...BASE, ...WORLDS])]},
    },
  ],
  options: {
    doNotFollow: {path: 'node_modules'},
    tsPreCompilationDeps: true,
    tsConfig: {fileName: 'tsconfig.json'},
  },
};
