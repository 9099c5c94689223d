import {createOidcVerifier} from '../../shared/http/oidc';
import {traceOf} from '../../shared/http/trace';
import * as names from '../../shared/model/names';
import {parseRunnerName} from '../../shared/model/names';
import {scrubSecrets} from '../../shared/secret';

const MB = 1024 * 1024;
const fill = (text: string, end = '') => text.repeat(Math.floor(MB / text.length)) + end;

/** Near misses of everything that is looked for: they make a pattern without a bound start over again and again. */
const WORST: readonly string[] = [
  fill('a'),
  fill('a', '\n'),
  fill('a-', '!'),
  fill('a-1-1', 'x'),
  fill('-', 'a'),
  fill('/', '\n'),
  fill('a/', '\n'),
  fill('__', 'a'),
  fill('.', '/'),
  fill(' ', 'a'),
  fill('\n', 'a'),
  fill('9', 'x'),
  fill('0123456789abcdef', '/'),
  fill('-eyJaaaaaaaa'),
  fill('eyJaaaaaaaa.'),
  fill('-eyJaaaaaaaa-aaaaaaaa.aaaaaaaa-eyJ'),
  fill('Bearer '),
  `Bearer ${fill(' ', 'x')}`,
  `Bearer ${fill('a b')}`,
  fill('-----BEGIN PRIVATE KEY-----'),
  `-----BEGIN ${fill('A ')}`,
  fill('-----BEGIN A PRIVATE KEY----'),
  fill('ghp_aaaaaaaaaaaaaaa'),
  fill('github_pat_'),
  fill(`${'A'.repeat(399)}-`),
];

const verify = createOidcVerifier({
  audience: 'https://provision.example',
  serviceAccount: 'tasks@p.iam.gserviceaccount.com',
  jwksUrl: 'http://127.0.0.1:1/',
  mode: 'platform',
  clock: {now: () => 0, sleep: async () => undefined},
});

test.each<[string, (text: string) => unknown]>([
  ['the scrubbing of log lines', scrubSecrets],
  ['the name of a runner', (text) => parseRunnerName('slipway', `slipway-${text}`)],
  ['an owner', names.isOwner],
  ['a repository', names.isRepository],
  ['a pattern of repositories', (text) => names.REPOSITORY_PATTERN.test(text)],
  ['a label', names.isLabel],
  ['a runner at GitHub', names.isRunnerName],
  ['a name of RFC 1035', names.isRfc1035],
  ['a pool', names.isPoolName],
  ['a zone', (text) => names.ZONE.test(text)],
  ['a persistent VM', (text) => names.VM_ID.test(text)],
  ['the key of a job', names.isJobKey],
  ['the id of a document', names.isDocumentId],
  ['a trace of the W3C', (text) => traceOf({traceparent: `00-${text}`})],
  ['a trace of Google Cloud', (text) => traceOf({'x-cloud-trace-context': `${'0'.repeat(32)}/${text}`})],
  ['a token', (text) => verify(`Bearer ${text}`).catch(() => undefined)],
])(
  '%s takes linear time over a megabyte of the worst case',
  async (_, look) => {
    for (const text of WORST) {
      const before = process.cpuUsage();
      await look(text);
      const {user, system} = process.cpuUsage(before);
      // Quadratic time would be minutes.
      expect([text.slice(0, 40), (user + system) / 1e6 < 2]).toEqual([text.slice(0, 40), true]);
    }
  },
  120_000,
);
