import type {CheckFinding} from '../../../diagnosis/doctor/check';
import type {AppInstallation} from '../../../github/github';
import {escapeHtml, htmlPage, type Page, policy} from '../document';
import type {PageFiles} from '../files';
import type {NotKept} from './keep-app';
import type {AppManifest} from './manifest';

/** What every page of the set-up is made of. `base`: from the page's path to the root of the function, such as `../`. */
export interface Frame {
  readonly files: PageFiles;
  readonly base: string;
}

/** `body` is HTML. `refresh`: the browser goes there at once; text, not escaped. */
function setUpPage(
  {files, base}: Frame,
  body: string,
  {refresh, script, formAction = "'self'"}: {refresh?: string; script?: string; formAction?: string} = {},
): Page {
  const head = [
    '<meta name="color-scheme" content="light dark">',
    `<link rel="stylesheet" href="${base}${files.style}">`,
    ...(refresh === undefined ? [] : [`<meta http-equiv="refresh" content="0; url=${escapeHtml(refresh)}">`]),
    ...(script === undefined ? [] : [`<script type="module" src="${base}${script}"></script>`]),
  ].join('\n');
  return {
    html: htmlPage(
      'Slipway: set up',
      `${base}${files.icon}`,
      `${head}\n`,
      `<main class="set-up">\n<h1>Set up the GitHub App</h1>\n${body}</main>\n`,
    ),
    csp: policy({'style-src': "'self'", 'form-action': formAction}),
  };
}

function list(items: readonly string[]): string {
  return `<ul>\n${items.map((item) => `<li>${item}</li>\n`).join('')}</ul>\n`;
}

function link(url: string, text: string): string {
  return `<a href="${escapeHtml(url)}">${escapeHtml(text)}</a>`;
}

/** The set-up has nothing to offer; `missing`: see `SetUpNeeds`. */
export function missingPage(frame: Frame, missing: readonly string[]): Page {
  const items = missing.map(
    (one) => `<code>${escapeHtml(one.split(':')[0] ?? '')}</code>${escapeHtml(one.replace(/^[^:]*/, ''))}`,
  );
  return setUpPage(
    frame,
    `<p>The set-up cannot begin, because api lacks:</p>
${list(items)}<p>The Terraform module sets all of them while <code>github_app_id</code> is left out. An App can also be made by hand: docs/deploy.md has the steps.</p>
`,
  );
}

/** The form that begins. `configured`: an App is there, which has to be replaced on purpose. */
export function startPage(
  frame: Frame,
  {
    owners,
    webUrl,
    permissions,
    configured,
    problem,
  }: {
    readonly owners: readonly string[];
    readonly webUrl: string;
    readonly permissions: readonly string[];
    readonly configured: boolean;
    readonly problem?: string | undefined;
  },
): Page {
  const wrong = problem === undefined ? '' : `<p class="wrong" role="alert">${escapeHtml(problem)}</p>\n`;
  const several =
    owners.length > 1
      ? `<p class="hint">A private App can be installed on its owner alone, and the pools name ${escapeHtml(owners.join(', '))}. Make the App for one of them; docs/deploy.md says what to do for the others.</p>\n`
      : '';
  const replace = configured
    ? `<p>An App is configured already.</p>
<p><label><input type="checkbox" name="replace" value="yes" required> Replace it by a new App</label></p>
`
    : '';
  return setUpPage(
    frame,
    `<p>This makes a GitHub App at <b>${escapeHtml(webUrl)}</b>, keeps its key, its webhook secret and its id in Secret Manager, and leads to its installation. GitHub asks before it makes anything. The App is private and asks for no more than the pools need:</p>
${list(permissions.map((one) => `<code>${escapeHtml(one)}</code>`))}<form method="post" action="${frame.base}setup">
${wrong}<fieldset>
<legend>Who is to own the App?</legend>
<p><label><input type="radio" name="kind" value="organization" checked> An organization</label></p>
<p><label><input type="radio" name="kind" value="person"> A person: my own account</label></p>
<p><label for="owner">Name of the organization or the account</label>
<input id="owner" name="owner" list="owners" value="${escapeHtml(owners[0] ?? '')}" required maxlength="39" autocomplete="off" spellcheck="false"></p>
<datalist id="owners">${owners.map((owner) => `<option value="${escapeHtml(owner)}"></option>`).join('')}</datalist>
</fieldset>
${several}${replace}<button type="submit">Make the App at GitHub</button>
</form>
`,
  );
}

/** Posts the manifest to GitHub from the person's browser: GitHub makes an App only for who is logged in there. */
export function manifestPage(frame: Frame, {action, manifest}: {action: string; manifest: AppManifest}): Page {
  return setUpPage(
    frame,
    `<p>GitHub shows the App <b>${escapeHtml(manifest.name)}</b> next and asks whether to make it.</p>
<form method="post" action="${escapeHtml(action)}">
<input type="hidden" name="manifest" value="${escapeHtml(JSON.stringify(manifest))}">
<button type="submit">Continue at GitHub</button>
</form>
`,
    {script: frame.files.submit, formAction: new URL(action).origin},
  );
}

/** Opens the same page once more, from this function's own origin, so that the browser sends the session's cookie. */
export function againPage(frame: Frame, url: string): Page {
  return setUpPage(frame, `<p>${link(url, 'Continue')}</p>\n`, {refresh: url});
}

export function installPage(frame: Frame, {name, url}: {name: string; url: string}): Page {
  return setUpPage(
    frame,
    `<p>The App <b>${escapeHtml(name)}</b> is made, and its secrets are kept. What is left is to install it on the repositories of the pools:</p>
<p>${link(url, 'Install the App')}</p>
`,
    {refresh: url},
  );
}

/** Something ended without an App that works. `problem`: a sentence; `remedies`: HTML. */
export function failedPage(frame: Frame, problem: string, remedies: readonly string[]): Page {
  return setUpPage(frame, `<p class="wrong" role="alert">${escapeHtml(problem)}</p>\n${list(remedies)}`);
}

export function beginAgain({base}: Frame): string {
  return link(`${base}setup`, 'Begin again');
}

export function notKeptPage(frame: Frame, {variable, secret, because, written}: NotKept, deleteUrl: string): Page {
  const before =
    written.length > 0
      ? [
          `Disable the newest version of what was written before: ${written.map((one) => `<code>${escapeHtml(one)}</code>`).join(', ')}.`,
        ]
      : [];
  return failedPage(frame, `GitHub has made the App, and ${variable} cannot be kept in ${secret}: ${because}`, [
    `The key is lost, so the App is of no use: ${link(deleteUrl, 'delete the App at GitHub')}.`,
    ...before,
    `Correct what is named above. ${beginAgain(frame)}.`,
  ]);
}

/** The App's own words about where it is installed, and the doctor's findings. */
export function donePage(
  frame: Frame,
  {
    installations,
    installUrl,
    findings,
  }: {
    readonly installations: readonly AppInstallation[];
    readonly installUrl: string;
    readonly findings: readonly CheckFinding[];
  },
): Page {
  const where =
    installations.length > 0
      ? `<p>The App is installed on ${escapeHtml(installations.map(({login}) => login).join(', '))}.</p>`
      : `<p class="wrong" role="alert">The App is installed on no account yet: ${link(installUrl, 'install it')}, then open this page again.</p>`;
  const items = findings.map(
    ({check, status, because, do: remedy}) =>
      `<b class="${status}">${status}</b> <b>${escapeHtml(check)}</b><br>${escapeHtml(because)}${status === 'ok' ? '' : `<br>${escapeHtml(remedy)}`}`,
  );
  return setUpPage(
    frame,
    `${where}
<section aria-labelledby="findings">
<h2 id="findings">What the doctor finds</h2>
${list(items)}</section>
<p>${link(frame.base, 'Watch the runners')}</p>
`,
  );
}
