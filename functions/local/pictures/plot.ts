import type {Spec as VegaSpec} from 'vega';
import type {Config, TopLevelSpec} from 'vega-lite';
import type {Keep} from './keep';

const COLOURS = {
  light: {ink: '#1f2328', faint: '#d1d9e0', ground: '#ffffff'},
  dark: {ink: '#e6edf3', faint: '#3d444d', ground: '#0d1117'},
} as const;

/** Draws a plot as SVG, light and dark. @see https://vega.github.io/vega-lite/docs/spec.html */
export async function drawPlot(name: string, spec: TopLevelSpec, keep: Keep): Promise<void> {
  // Modules that wait for others while they load can only be imported like this.
  const {parse, View} = await import('vega');
  const {compile} = await import('vega-lite');
  for (const scheme of ['light', 'dark'] as const) {
    const view = new View(parse(compile(spec, {config: configOf(scheme)}).spec as VegaSpec), {renderer: 'none'});
    keep(`${name}-${scheme}.svg`, `${await view.toSVG()}\n`);
    view.finalize();
  }
}

function configOf(scheme: keyof typeof COLOURS): Config {
  const {ink, faint, ground} = COLOURS[scheme];
  const text = {labelColor: ink, titleColor: ink, labelFontSize: 12, titleFontSize: 12};
  return {
    background: ground,
    font: 'system-ui, sans-serif',
    axis: {...text, gridColor: faint, domainColor: faint, tickColor: faint, labelLimit: 420},
    legend: text,
    title: {color: ink, subtitleColor: ink, fontSize: 14, anchor: 'start'},
    view: {stroke: null},
    text: {color: ink},
  };
}
