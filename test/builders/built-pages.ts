import {type PageFiles, readBuiltPages} from '../../shared/api/pages/files';
import {type Built, builtOnce} from './built-once';

export interface BuiltPages extends Built {
  /** Reads them as the function does. */
  readonly read: () => Promise<PageFiles | undefined>;
}

/** The pages of `api` as `npm run build` makes them. */
export function buildThePages(): BuiltPages {
  const built = builtOnce('pages', 'pages.ts');
  return {...built, read: () => readBuiltPages(built.folder)};
}
