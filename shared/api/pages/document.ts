import type {Reply} from '../../http/server';

/** An HTML page. Every link is relative, because the function's URL may contain a path. */
export interface Page {
  readonly html: string;
  /** Value of `Content-Security-Policy`. */
  readonly csp: string;
}

/** A page with a script of its own, served as a file: an inline script would need an exception in the policy. */
export interface ScriptedPage extends Page {
  readonly script: string;
}

/** A policy that allows nothing but files of this function; `directives` replaces or adds some. @see https://www.w3.org/TR/CSP3/ */
export function policy(directives: Readonly<Record<string, string>>): string {
  const strict = {
    'default-src': "'none'",
    'base-uri': "'none'",
    'form-action': "'none'",
    'frame-ancestors': "'none'",
    'script-src': "'self'",
    'connect-src': "'self'",
    'img-src': "'self' data:",
  };
  return Object.entries({...strict, ...directives})
    .map(([name, value]) => `${name} ${value}`)
    .join('; ');
}

/** A whole document. `head` and `body` are HTML; `title` and `icon` are text that needs no escaping. */
export function htmlPage(title: string, icon: string, head: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="${icon}">
${head}</head>
<body>
${body}</body>
</html>
`;
}

export function pageReply({html, csp}: Page, status = 200, headers: Readonly<Record<string, string>> = {}): Reply {
  return {
    status,
    headers: {
      'Cache-Control': 'no-cache',
      'Content-Security-Policy': csp,
      // With no-referrer the `Origin` of a form would be null, also to this function itself.
      'Referrer-Policy': 'same-origin',
      'Cross-Origin-Opener-Policy': 'same-origin',
      ...headers,
    },
    body: {type: 'text/html; charset=utf-8', content: html},
  };
}

/** Text as HTML, also inside an attribute in double quotes. */
export function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
