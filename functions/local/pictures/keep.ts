import {writeFileSync} from 'node:fs';
import {join} from 'node:path';

/** Keeps one picture under its name. */
export type Keep = (name: string, content: Buffer | string) => void;

/** Writes each picture into the folder, and tells about it. */
export function keepIn(folder: string, tell: (line: string) => void): Keep {
  return (name, content) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    tell(path);
  };
}
