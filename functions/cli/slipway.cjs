#!/usr/bin/env node
// The command of package.json's "bin". npm links it when it is first called and remembers what it found, so it has to be there before a build.
const {existsSync} = require('node:fs');
const {join} = require('node:path');

const built = join(__dirname, '..', '..', 'dist', 'cli', 'index.js');
if (existsSync(built)) {
  require(built);
} else {
  process.stderr.write(
    'slipway: the command is not built; run npm run build first, or npm run --silent slipway -- …\n',
  );
  process.exitCode = 2;
}
