import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';

const STARTUP_SCRIPT = join(__dirname, '../../../terraform/runner/startup.sh');

/** User data of an EC2 instance: lines that set shell variables, then the startup script without its comment lines. */
export function userData(variables: Readonly<Record<string, string>>): string {
  const lines = Object.entries(variables).map(([name, value]) => `${name}='${value}'`);
  const script = readFileSync(STARTUP_SCRIPT, 'utf8').replaceAll(/^\s*#.*\n/gm, '');
  return ['#!/bin/bash', ...lines, script].join('\n');
}

/** In the form in which it travels, before base64. */
export function compressed(text: string): Buffer {
  return gzipSync(text, {level: 9});
}
