import {scrubMessage} from '../../../secret';
import {classifyCode, Ec2Failure} from './errors';
import {parseXml, textAt, type XmlElement} from './xml';

/** Time-out of one call, in milliseconds of real time. RunInstances answers within some seconds. */
const CALL_TIMEOUT_MS = 15_000;

/** One form for a service of AWS. */
export interface FormRequest {
  /** The call as messages name it. */
  readonly what: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Values that no message may contain. */
  readonly secrets: readonly string[];
}

/** A failure with the time that the answer says it was written at; in milliseconds since the epoch. */
export class AnsweredFailure extends Ec2Failure {
  constructor(
    failureClass: Ec2Failure['failureClass'],
    code: string,
    message: string,
    readonly serverTimeMs: number | undefined,
  ) {
    super(failureClass, code, message);
  }
}

export const FORM = 'application/x-www-form-urlencoded; charset=utf-8';

/** The body of an action, in the order of its parameters. */
export function formOf(action: string, version: string, parameters: Readonly<Record<string, string>>): string {
  return new URLSearchParams({Action: action, Version: version, ...parameters}).toString();
}

/** Posts the form. Throws `Ec2Failure` for what was refused, and for what has no answer of the service's own. */
export async function postForm({what, url, headers, body, secrets}: FormRequest): Promise<XmlElement> {
  let status: number;
  let text: string;
  let date: string | null;
  try {
    const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
    const response = await fetch(url, {method: 'POST', headers, body, signal, redirect: 'error'});
    status = response.status;
    date = response.headers.get('date');
    text = await response.text();
  } catch (error) {
    const why = error instanceof Error && error.name === 'TimeoutError' ? `within ${CALL_TIMEOUT_MS} ms` : 'at all';
    throw new Ec2Failure('uncertain', 'NO_ANSWER', `${what}: no answer came ${why}; it may have taken effect`);
  }
  return readAnswer(what, {status, text, date}, secrets);
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** Header `Date`. */
  readonly date: string | null;
}

/** The root element of a successful answer. Throws `AnsweredFailure` for any other one. */
export function readAnswer(what: string, {status, text, date}: Answer, secrets: readonly string[] = []): XmlElement {
  const root = parseXml(text);
  if (status >= 200 && status < 300 && root !== undefined) return root;
  // EC2 has <Response><Errors><Error>, STS <ErrorResponse><Error>.
  const code = textAt(root, 'Errors', 'Error', 'Code') || textAt(root, 'Error', 'Code');
  const said = textAt(root, 'Errors', 'Error', 'Message') || textAt(root, 'Error', 'Message');
  const sender = code === '' ? ' (not the service’s own answer)' : `, ${code}: ${scrubMessage(said, secrets)}`;
  const serverTimeMs = Date.parse(date ?? '');
  throw new AnsweredFailure(
    classifyCode(code, status < 400 ? undefined : status),
    code || `HTTP_${status}`,
    `${what}: HTTP ${status}${sender}`,
    Number.isNaN(serverTimeMs) ? undefined : serverTimeMs,
  );
}
