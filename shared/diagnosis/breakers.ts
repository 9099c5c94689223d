import {type BreakerDocument, GITHUB_DOWN, isBootBreaker} from '../model/breaker';
import {due, duration, quoted} from './verdict';

/** Which breaker is open, since when, why, and when it is probed. */
export function breakerSentence({name, reason, openedAt, nextProbeAt}: BreakerDocument, now: number): string {
  return `breaker ${name} is open since ${duration(now - openedAt)}: ${quoted(reason)}; the next probe is ${due(nextProbeAt, now)}`;
}

export function remedyOfBreaker({name}: Pick<BreakerDocument, 'name'>): string {
  if (name === GITHUB_DOWN) return 'Wait: look at githubstatus.com; a probe a minute closes the breaker.';
  if (name.startsWith('github.')) return 'Wait: GitHub’s rate limit ends by itself, and a probe closes the breaker.';
  if (isBootBreaker(name))
    return 'Read the log of the last machine of this template (of a VM the one of its serial port), and mend its startup script, image or workflow.';
  if (name.startsWith('standby.'))
    return 'Do what the message names, else wait: jobs of the pool get machines as if it had no standby machines, and the sweep prepares another one with the next probe.';
  return 'Ask for more of the quota that the message names (IAM, Quotas), lower maxRunners, or use another region or machine type.';
}
