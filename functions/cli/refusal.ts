import {Failure, usage} from './failure';
import {plain} from './terminal';

/** RFC 9457, as far as it is shown. */
interface ProblemShown {
  /** The last part of its `type`. */
  readonly kind: string;
  readonly detail: string;
  /** Parts of the request that are wrong. */
  readonly parts: readonly {readonly path: string; readonly message: string}[];
}

/** What the command line calls a part of a request, by the part's name: `--repo`, `<pool>`. */
export type Names = Readonly<Record<string, string>>;

/** The names that most commands have; any other part is an option of its own name. */
const USUAL_NAMES: Names = {repository: '--repo', labels: '--label', 'Idempotency-Key': '--idempotency-key'};

/** What api calls by a request, and people by a command. */
const WORDS: readonly (readonly [request: RegExp, command: string])[] = [
  [/\bPOST \/runner\/(start|stop)(?:\?pool=([\w-]+))?/g, 'slipway $1 $2'],
  [/\bGET \/(runners|jobs|deadletters|doctor|status)\b(?!\/)/g, 'slipway $1'],
  [/\bforce=true\b/g, '--force'],
  [/\bgive repo\b/g, 'give --repo'],
  [/\bgive org\b/g, 'give --org'],
];

/** Undefined: the text is no problem. */
export function parseProblem(text: string): ProblemShown | undefined {
  try {
    const {type, detail, title, errors} = JSON.parse(text) as Record<string, unknown>;
    const parts = (Array.isArray(errors) ? errors : []) as {path?: unknown; message?: unknown}[];
    return {
      kind: String(type).replace('urn:slipway:problem:', ''),
      detail: String(detail ?? title ?? 'api refuses the request'),
      parts: parts.map(({path, message}) => ({path: String(path ?? ''), message: String(message ?? '')})),
    };
  } catch {
    return undefined;
  }
}

/** The line that tells a person what api refused. What the command line itself can mend names its options, and is exit code 2. */
export function refusal({kind, detail, parts}: ProblemShown, names: Names): Failure {
  const isUsage = ['invalid-request', 'pool-required'].includes(kind);
  if (!isUsage) return new Failure(`${inCommands(detail)} (${kind})`);
  if (parts.length === 0) return usage(inCommands(detail));
  const lines = parts.map(({path, message}) => {
    const name = nameOf(path, names);
    return `${name ? `${name}: ` : ''}${inCommands(message)}`;
  });
  return usage([...new Set(lines)].join('; '));
}

function nameOf(path: string, names: Names): string {
  const [part = ''] = path.split('.');
  return names[part] ?? USUAL_NAMES[part] ?? (part && `--${part.replaceAll('_', '-')}`);
}

function inCommands(text: string): string {
  return WORDS.reduce((said, [request, command]) => said.replace(request, command), plain(text)).replace(/ {2,}/g, ' ');
}
