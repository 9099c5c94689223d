// Runs before `npm start` and `npm test`, on whatever Node.js the machine has: installs the locked packages when those that are installed are
// others than the lock file names, so that a fresh clone needs no other command. Compares contents, because a checkout or a copy gives files any
// time. Plain JavaScript and no imports from the project, because nothing is installed yet when it runs.
const {execSync} = require('node:child_process');
const {lstatSync, readFileSync, realpathSync} = require('node:fs');
const {join} = require('node:path');

const root = join(__dirname, '..', '..');
const modules = join(root, 'node_modules');

/** The packages of a lock file, by their paths; undefined: there is none, or it cannot be read. */
function packagesOf(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** Whether each locked package is installed in its version. One that is optional may be missing: it is for another machine. */
function isCurrent(locked, installed) {
  return Object.entries(locked).every(([path, {version, integrity, optional}]) => {
    if (path === '') return true;
    const found = installed[path];
    return found ? found.version === version && found.integrity === integrity : optional === true;
  });
}

function isLink(path) {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

const locked = packagesOf(join(root, 'package-lock.json')) ?? {};
// npm writes it at the end of an installation.
const installed = packagesOf(join(modules, '.package-lock.json'));

if (!installed || !isCurrent(locked, installed)) {
  if (isLink(modules)) {
    // npm ci would follow the link, and empty a folder that belongs to something else.
    process.stderr.write(
      `slipway: ${modules} is a symbolic link, and what is installed there is not what package-lock.json names: remove the link, or run npm ci where it leads${leadsTo(modules)}\n`,
    );
    process.exit(1);
  }
  process.stderr.write('slipway: installing packages (npm ci), once…\n');
  execSync('npm ci --no-audit --no-fund --loglevel=error', {cwd: root, stdio: ['ignore', 'inherit', 'inherit']});
}

function leadsTo(path) {
  try {
    return ` (${realpathSync(path)})`;
  } catch {
    return ' (to nothing)';
  }
}
