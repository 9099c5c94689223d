import {useEffect, useRef} from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type {Costs as Answer} from './answers';
import {Section} from './confirm';
import {usePolled} from './polling';

const TEN_MINUTES = 10 * 60_000;
const DAY_SECONDS = 86_400;
const HEIGHT = 200;

/** Estimated costs of the last days, beside those of GitHub-hosted runners of the same size. */
export function Costs() {
  const {value} = usePolled<Answer>('costs?days=14&by=day', TEN_MINUTES);
  if (!value || value.rows.length === 0) return null;
  const {minutes, usd, github_hosted_usd: hosted} = value.total;
  return (
    <Section title="Costs of the last 14 days" id="costs">
      <p>
        {Math.round(minutes)} machine minutes, {usd === null ? 'no known price' : `about ${dollars(usd)}`}
        {hosted === null ? '' : `; on GitHub-hosted runners about ${dollars(hosted)}`}.
      </p>
      <Plot rows={value.rows} />
      <table class="visually-hidden">
        <caption>Estimated costs by day in USD</caption>
        <thead>
          <tr>
            <th scope="col">Day</th>
            <th scope="col">Slipway</th>
            <th scope="col">GitHub-hosted</th>
          </tr>
        </thead>
        <tbody>
          {value.rows.map((row) => (
            <tr key={row.key}>
              <th scope="row">{row.key}</th>
              <td>{row.usd === null ? 'no known price' : dollars(row.usd)}</td>
              <td>{row.github_hosted_usd === null ? 'no known price' : dollars(row.github_hosted_usd)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}

function Plot({rows}: {readonly rows: Answer['rows']}) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const style = getComputedStyle(element);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const days = rows.filter(({key}) => /^\d{4}-\d\d-\d\d$/.test(key));
    const axis = {stroke: colour('--text'), grid: {stroke: colour('--line')}, ticks: {stroke: colour('--line')}};
    const bars = uPlot.paths.bars?.({size: [0.5, 40]});
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        cursor: {y: false},
        scales: {
          x: {range: (_plot, min, max) => [min - DAY_SECONDS, max + DAY_SECONDS]},
          y: {range: (_plot, _min, max) => [0, max * 1.1 || 1]},
        },
        axes: [
          {...axis, values: '{MMM} {D}'},
          {...axis, size: 60, values: (_plot, values) => values.map((value) => `$${value}`)},
        ],
        series: [
          {label: 'day', value: '{YYYY}-{MM}-{DD}'},
          {
            label: 'Slipway',
            fill: colour('--running'),
            stroke: colour('--running'),
            ...(bars ? {paths: bars} : {}),
            value: (_plot, value) => (value === null ? '–' : dollars(value)),
          },
          {
            label: 'GitHub-hosted',
            stroke: colour('--text'),
            width: 2,
            value: (_plot, value) => (value === null ? '–' : dollars(value)),
          },
        ],
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'UTC'),
      },
      [
        days.map(({key}) => Date.parse(key) / 1000),
        days.map(({usd}) => usd),
        days.map(({github_hosted_usd: hosted}) => hosted),
      ],
      element,
    );
    const resized = new ResizeObserver(() => plot.setSize({width: element.clientWidth, height: HEIGHT}));
    resized.observe(element);
    return () => {
      resized.disconnect();
      plot.destroy();
    };
  }, [rows]);
  return <div ref={place} class="plot" aria-hidden="true" />;
}

function dollars(usd: number): string {
  return `$${usd < 10 ? usd.toFixed(2) : Math.round(usd)}`;
}
