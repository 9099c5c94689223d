/** The bundler puts imported styles into the page's style. */
declare module '*.css';
