#!/usr/bin/env node
import {text} from 'node:stream/consumers';
import {systemClock} from '../../shared/clock';
import {readEnvironment} from '../../shared/config/variables';
import {systemRandom} from '../../shared/random';
import {run} from './program';

/** The command `slipway`: a client of `api`, and what needs no deployment at all. docs/cli.md */
function main(): void {
  const {stdout, stderr} = process;
  // Whoever reads has seen enough: `slipway jobs | head`.
  stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  const stdin = () => text(process.stdin);
  const host = {env: readEnvironment(), stdout, stderr, stdin, clock: systemClock, random: systemRandom};
  void run(process.argv.slice(2), host).then((code) => {
    process.exitCode = code;
  });
}

main();
