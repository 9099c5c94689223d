import {readFileSync} from 'node:fs';
import {resolve} from 'node:path';

/** The assembled startup script. `npm run build` replaces this module by one that has the text in it (functions/build/startup-script.ts). */
export const STARTUP_SCRIPT = readFileSync(
  resolve(__dirname, '..', '..', '..', 'terraform', 'runner', 'startup.sh'),
  'utf8',
);
