/** One figure. `ratio`: to the baseline, measured in the same run. */
export interface Row {
  readonly measure: string;
  readonly value: number;
  readonly unit: string;
  readonly baseline?: number;
  readonly ratio?: number;
  readonly target?: {readonly atMost: number} | {readonly atLeast: number};
}

export interface BenchResult {
  readonly bench: string;
  readonly rows: readonly Row[];
  /** What a reader has to know to read the figures. */
  readonly notes: readonly string[];
}

/** `progress`: a line for whoever waits. */
export type Bench = (progress: (line: string) => void) => Promise<BenchResult>;

/** Whether the target is met, by the ratio where there is one; undefined without a target. */
export function isMet({value, ratio, target}: Row): boolean | undefined {
  if (!target) return undefined;
  const figure = ratio ?? value;
  return 'atMost' in target ? figure <= target.atMost : figure >= target.atLeast;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** Nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function table({bench, rows, notes}: BenchResult): string {
  const lines = rows.map((row) => [
    row.measure,
    `${round(row.value)} ${row.unit}`,
    row.baseline === undefined ? '' : `${round(row.baseline)} ${row.unit}`,
    row.ratio === undefined ? '' : `${row.ratio.toFixed(2)} ×`,
    row.target ? ('atMost' in row.target ? `≤ ${row.target.atMost}` : `≥ ${row.target.atLeast}`) : '',
    {true: 'met', false: 'NOT MET', undefined: ''}[String(isMet(row))] ?? '',
  ]);
  const all = [['measure', 'value', 'baseline', 'ratio', 'target', ''], ...lines];
  const widths = (all[0] ?? []).map((_, column) => Math.max(...all.map((line) => line[column]?.length ?? 0)));
  const text = all.map((line) =>
    `  ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
  return [`\n${bench}`, ...text, ...notes.map((note) => `  ${note}`), ''].join('\n');
}

function round(value: number): string {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toFixed(2)));
}
