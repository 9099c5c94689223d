/** What happened in a simulated world, for people. Costs nothing unless somebody reads it. */
export interface Trace {
  readonly isOn: boolean;
  readonly lines: readonly string[];
  add(line: string): void;
}

export const NO_TRACE: Trace = {isOn: false, lines: [], add: () => undefined};

/** Each line with the time since the start and the execution that it belongs to. */
export function createTrace(elapsedMs: () => number, execution: () => string): Trace {
  const lines: string[] = [];
  return {
    isOn: true,
    lines,
    add(line) {
      lines.push(`${clockTime(elapsedMs()).padStart(14)}  ${execution().padEnd(14)} ${line}`);
    },
  };
}

/** `2d 03:04:05.678` */
function clockTime(ms: number): string {
  const days = Math.floor(ms / 86_400_000);
  const text = new Date(ms % 86_400_000).toISOString().slice(11, 23);
  return days > 0 ? `${days}d ${text}` : text;
}
