import {isJobKey, isRepository} from '../model/names';
import type {JobReference} from './looked-at';

/** A job as `<id>`, `<id>-<attempt>`, or the URL of its page below `webUrl`, query and fragment ignored; undefined: the text is none of these. */
export function parseJobReference(text: string, webUrl: string): JobReference | undefined {
  const plain = text.trim();
  if (/^[1-9]\d{0,15}$/.test(plain)) return checked({jobId: Number(plain)});
  if (isJobKey(plain)) {
    const [jobId = 0, runAttempt = 0] = plain.split('-').map(Number);
    return jobId > 0 && runAttempt > 0 ? checked({jobId, runAttempt}) : undefined;
  }
  return ofPage(plain, webUrl);
}

function ofPage(text: string, webUrl: string): JobReference | undefined {
  if (!URL.canParse(text)) return undefined;
  const page = new URL(text);
  const web = new URL(webUrl);
  const base = web.pathname.replace(/\/+$/, '');
  if (page.origin !== web.origin || page.username !== '' || page.password !== '') return undefined;
  if (!page.pathname.startsWith(`${base}/`)) return undefined;
  const found = /^\/([^/]+\/[^/]+)\/actions\/runs\/\d{1,16}\/job\/([1-9]\d{0,15})\/?$/.exec(
    page.pathname.slice(base.length),
  );
  const [, repository = '', jobId] = found ?? [];
  return jobId && isRepository(repository) ? checked({jobId: Number(jobId), repository}) : undefined;
}

function checked(reference: JobReference): JobReference | undefined {
  return Number.isSafeInteger(reference.jobId) ? reference : undefined;
}
