// Runs before `npm start` and `npm test`, on whatever Node.js the machine has: installs the locked packages when they
// are missing or older than the lock file, so that a fresh clone needs no other command. Plain JavaScript and no imports
// from the project, because nothing is installed yet when it runs.
const {execSync} = require('node:child_process');
const {existsSync, statSync} = require('node:fs');
const {join} = require('node:path');

const root = join(__dirname, '..', '..');
const installed = join(root, 'node_modules', '.package-lock.json');
const lock = join(root, 'package-lock.json');

const isCurrent = existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs;
if (!isCurrent) {
  process.stderr.write('slipway: installing packages (npm ci), once…\n');
  execSync('npm ci --no-audit --no-fund --loglevel=error', {cwd: root, stdio: ['ignore', 'inherit', 'inherit']});
}
