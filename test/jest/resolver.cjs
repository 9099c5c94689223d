const {env} = process;
const WHOLE = /@google-cloud[\\/]compute[\\/]build[\\/]protos[\\/]protos\.json$/;

/** Jest's resolver, but for the file that compute-protos.ts replaces. @see https://jestjs.io/docs/configuration#resolver-string */
module.exports = (request, options) => {
  const path = options.defaultResolver(request, options);
  return WHOLE.test(path) ? env.SLIPWAY_TEST_COMPUTE_PROTOS : path;
};
