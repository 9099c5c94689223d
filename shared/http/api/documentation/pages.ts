import {version} from '../../../../package.json';

/**
 * Redoc's styles without `unsafe-inline`. The first is the hash of nothing: styled-components makes empty <style> elements, and fills them
 * through the CSSOM, which is no inline style. The second is the one that has a content, of this version of Redoc.
 */
const REDOC_STYLES = [
  "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
  "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='",
].join(' ');

/** A page of documentation. Every link is relative, because the function's URL may have a path. */
export interface Page {
  readonly html: string;
  /** The page's own script, which an inline one would need an exception for. */
  readonly script: string;
  readonly csp: string;
}

function policy(directives: Readonly<Record<string, string>>): string {
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

function html(title: string, icon: string, head: string, body: string): string {
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

/** @see https://github.com/swagger-api/swagger-ui/blob/master/docs/usage/configuration.md */
export const SWAGGER_UI: Page = {
  html: html(
    'Slipway API',
    'docs/favicon-32x32.png',
    `<link rel="stylesheet" href="docs/swagger-ui.css?${version}">\n`,
    `<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js?${version}"></script>
<script src="docs/page.js?${version}"></script>
`,
  ),
  script: `window.ui = SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  docExpansion: 'list',
  tryItOutEnabled: false,
  displayRequestDuration: true,
  persistAuthorization: false,
  validatorUrl: null,
});
`,
  csp: policy({'style-src': "'self'"}),
};

/** @see https://github.com/Redocly/redoc/blob/main/docs/config.md */
export const REDOC: Page = {
  html: html(
    'Slipway API',
    'docs/favicon-32x32.png',
    '',
    `<div id="redoc"></div>
<script src="redoc/redoc.standalone.js?${version}"></script>
<script src="redoc/page.js?${version}"></script>
`,
  ),
  script: `Redoc.init('openapi.json', {hideDownloadButton: false, scrollYOffset: 0}, document.getElementById('redoc'));\n`,
  // The search runs in a worker that is made from a string.
  csp: policy({'style-src': `'self' ${REDOC_STYLES}`, 'worker-src': 'blob:'}),
};
