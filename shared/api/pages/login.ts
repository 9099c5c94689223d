import {escapeHtml, htmlPage, type Page, policy} from './document';
import type {PageFiles} from './files';

/** What is wrong with the last try, in words; undefined: nothing was tried. */
export type LoginProblem = string | undefined;

/**
 * The form that takes the secret. `to`: the path where the login leads, starting with a slash; `base`: from the page's path to the root of
 * the function, such as `../`.
 */
export function loginPage(
  files: PageFiles,
  {to, base, problem}: {to: string; base: string; problem: LoginProblem},
): Page {
  const wrong = problem === undefined ? '' : `<p class="wrong" role="alert" id="wrong">${escapeHtml(problem)}</p>\n`;
  const described = problem === undefined ? '' : ' aria-describedby="wrong" aria-invalid="true"';
  return {
    html: htmlPage(
      'Slipway: log in',
      `${base}${files.icon}`,
      `<meta name="color-scheme" content="light dark">\n<link rel="stylesheet" href="${base}${files.style}">\n`,
      `<main class="login">
<h1>Slipway</h1>
<form method="post" action="${base}login">
${wrong}<label for="secret">Secret of the api (RUNNER_MANAGER_SECRET)</label>
<input id="secret" name="secret" type="password" autocomplete="current-password" required autofocus${described}>
<input type="hidden" name="to" value="${escapeHtml(to)}">
<button type="submit">Log in</button>
</form>
<p class="hint">It is a secret version in Secret Manager; <code>terraform output</code> says which. The session ends after eight hours.</p>
</main>
`,
    ),
    csp: policy({'style-src': "'self'", 'form-action': "'self'"}),
  };
}
