import {existsSync} from 'node:fs';
import {dirname, join, relative, resolve} from 'node:path';
import {slug} from 'github-slugger';
import {defineConfig} from 'vitepress';
import {readEnvironment} from '../../shared/config/variables';

const ROOT = resolve(import.meta.dirname, '..', '..');

/** Where the repository can be read, for links to source files. Undefined: such links become plain text. */
const REPOSITORY = readEnvironment()['SLIPWAY_REPOSITORY_URL'];

const page = (text: string, link: string) => ({text, link});

/** The documentation as a site: `npm run docs`. The pages are the files that are read in the repository, so the README is the first one. */
export default defineConfig({
  title: 'Slipway',
  description: 'Self-hosted GitHub Actions runners on Google Cloud that cost nothing while idle',
  srcDir: ROOT,
  srcExclude: ['node_modules/**', 'dist/**', 'coverage/**', '.*/**', 'functions/**', 'shared/**'],
  rewrites: {'README.md': 'index.md'},
  outDir: join(ROOT, 'docs', '.vitepress', 'dist'),
  cacheDir: join(ROOT, 'docs', '.vitepress', 'cache'),
  lastUpdated: false,
  // A link that leads to no page fails the build.
  ignoreDeadLinks: 'localhostLinks',
  vite: {publicDir: false},
  // The pages have no templates: `${{ … }}` is an expression of GitHub's.
  vue: {template: {compilerOptions: {delimiters: ['[[[', ']]]']}}},
  themeConfig: {
    search: {provider: 'local'},
    outline: [2, 3],
    nav: [
      page('Start', '/'),
      page('Deploy', '/docs/deploy'),
      page('Operate', '/docs/operate'),
      page('API', '/docs/api'),
    ],
    sidebar: [
      {
        text: 'Begin',
        items: [
          page('Start', '/'),
          page('Deploy', '/docs/deploy'),
          page('Configure', '/docs/configuration'),
          page('Migrate', '/docs/migrate'),
          page('Upgrade', '/docs/upgrade'),
        ],
      },
      {
        text: 'Operate',
        items: [
          page('Operate', '/docs/operate'),
          page('Seconds to running', '/docs/fast'),
          page('Scale', '/docs/scale'),
          page('Verdicts', '/docs/operate#a-job-waits-slipway-why-url'),
          page('Command line', '/docs/cli'),
          page('API', '/docs/api'),
          page('Security', '/docs/security'),
          page('Costs', '/docs/costs'),
          page('Performance', '/docs/performance'),
        ],
      },
      {
        text: 'Machines',
        items: [
          page('Runner VM', '/docs/runner-vm'),
          page('Caches', '/docs/caches'),
          page('Containers', '/docs/containers'),
          page('AWS', '/docs/aws'),
          page('macOS', '/docs/macos'),
          page('The module', '/terraform/'),
          page('The VM', '/terraform/runner/'),
        ],
      },
      {
        text: 'Inside',
        items: [
          page('Architecture', '/docs/architecture'),
          page('Decisions', '/docs/adr/'),
          page('Simulation', '/docs/simulation'),
          page('Glossary', '/docs/glossary'),
          page('Contribute', '/docs/CONTRIBUTING'),
        ],
      },
    ],
  },
  markdown: {
    // The anchors of GitHub, so that a link works in both places.
    anchor: {slugify: (heading) => slug(heading)},
    config(md) {
      // Links to files that are no pages lead to the repository, and links to folders to their README.
      md.core.ruler.push('source_links', (state) => {
        const from = dirname(
          resolve(ROOT, state.env.relativePath === 'index.md' ? 'README.md' : state.env.relativePath),
        );
        for (const token of state.tokens.flatMap(({children}) => children ?? [])) {
          const href = token.type === 'link_open' ? token.attrGet('href') : null;
          if (!href || /^([a-z]+:|#|\/)/.test(href)) continue;
          token.attrSet('href', target(from, href));
        }
      });
    },
  },
});

/** Where a relative link of a page leads to on the site. */
function target(from: string, href: string): string {
  const [path = '', anchor] = href.split('#');
  const file = resolve(from, path);
  if (/\.(md|html)$/.test(path)) return href;
  const readme = join(file, 'README.md');
  if (existsSync(readme)) return `/${relative(ROOT, readme)}${anchor ? `#${anchor}` : ''}`;
  return REPOSITORY ? `${REPOSITORY}/blob/HEAD/${relative(ROOT, file)}` : '#';
}
