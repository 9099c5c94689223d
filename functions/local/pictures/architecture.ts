import {readFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import type {Browser} from 'playwright-core';
import type {Keep} from './keep';

const SOURCE = resolve(__dirname, '..', '..', '..', 'docs', 'pictures', 'architecture.mmd');

/** What mermaid puts into the page. */
interface Mermaid {
  initialize(options: object): void;
  render(id: string, text: string): Promise<{readonly svg: string}>;
}

/** The architecture, from `docs/pictures/architecture.mmd`. @see https://mermaid.js.org/syntax/flowchart.html */
export async function drawArchitecture(browser: Browser, keep: Keep): Promise<void> {
  const text = readFileSync(SOURCE, 'utf8');
  const library = join(dirname(require.resolve('mermaid')), 'mermaid.min.js');
  for (const [scheme, theme] of [
    ['light', 'neutral'],
    ['dark', 'dark'],
  ] as const) {
    const page = await browser.newPage();
    await page.addScriptTag({path: library});
    const svg = await page.evaluate(
      async ({text, theme}) => {
        const {mermaid} = globalThis as unknown as {mermaid: Mermaid};
        // Text in SVG's own elements, because pictures in an <img> may not hold HTML.
        mermaid.initialize({startOnLoad: false, theme, htmlLabels: false, flowchart: {htmlLabels: false}});
        return (await mermaid.render('architecture', text)).svg;
      },
      {text, theme},
    );
    keep(`architecture-${scheme}.svg`, `${svg}\n`);
    await page.close();
  }
}
