import {escapeHtml, htmlPage, type Page, policy} from './document';
import type {PageFiles} from './files';

/** The live page: a shell that its script fills. `base`: from the page's path to the root of the function, such as `../`. */
export function livePage(files: PageFiles, base: string): Page {
  return {
    html: htmlPage(
      'Slipway',
      `${base}${files.icon}`,
      `<meta name="color-scheme" content="light dark">\n<link rel="stylesheet" href="${base}${files.style}">\n<script type="module" src="${base}${files.script}"></script>\n`,
      `<div id="app" data-base="${escapeHtml(base)}"><noscript>This page needs JavaScript. GET /status answers the same as JSON, and the command slipway shows it.</noscript></div>\n`,
    ),
    csp: policy({'style-src': "'self'", 'form-action': "'self'"}),
  };
}
