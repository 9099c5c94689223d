import {chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync} from 'node:fs';
import {platform} from 'node:os';
import {join} from 'node:path';

const FOLDERS = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'];

/** What the scripts really run. Nothing else is on their PATH: above all no `poweroff` and no `systemctl`. */
const REAL = (
  'awk basename bash cat chmod curl cut date df dirname env find grep gzip head install ln ls mkdir mv pgrep rm sed sha256sum sleep ' +
  'tail tar timeout touch tr uname xargs'
).split(' ');

/** Commands that would need root or end the machine: each records its call in `calls`, then does what stands here. */
const STAND_INS: Readonly<Record<string, string>> = {
  'apt-get': '',
  chown: '',
  docker: '',
  id: '[[ -e $SLIPWAY_ROOT/user ]] && echo 1001',
  iptables: '[[ $* != *--check* ]]',
  nft: 'cat >"$SLIPWAY_ROOT/nft-rules"',
  poweroff: '',
  setpriv: 'while [[ $1 != -- ]]; do shift; done; shift; exec "$@"',
  sync: '',
  systemctl: '',
  'systemd-run': '',
  useradd: 'touch "$SLIPWAY_ROOT/user"',
  usermod: '',
};

/** Where a command of this machine is, or undefined. */
export function findCommand(name: string): string | undefined {
  return FOLDERS.map((folder) => join(folder, name)).find(existsSync);
}

/** Why the scripts cannot be run on this machine, or undefined. */
export function missingForScripts(): string | undefined {
  if (platform() !== 'linux') return `they are for Linux, and this is ${platform()}`;
  const missing = REAL.filter((name) => !findCommand(name));
  return missing.length === 0 ? undefined : `found no ${missing.join(', ')} in ${FOLDERS.join(', ')}`;
}

/** A folder that serves as the whole PATH. `changes` replaces what a stand-in does; null leaves the command out. */
export function makeCommands(folder: string, changes: Readonly<Record<string, string | null>> = {}): void {
  mkdirSync(folder);
  const standIns = {...STAND_INS, ...changes};
  for (const name of REAL) {
    if (name in standIns) continue;
    const path = findCommand(name);
    if (path) symlinkSync(path, join(folder, name));
  }
  for (const [name, body] of Object.entries(standIns)) {
    if (body !== null)
      writeProgram(join(folder, name), `printf '%s\\n' "${name} $*" >>"$SLIPWAY_ROOT/calls"\n${body}\n`);
  }
}

export function writeProgram(path: string, body: string): void {
  writeFileSync(path, `#!/bin/bash\n${body}\n`);
  chmodSync(path, 0o755);
}
