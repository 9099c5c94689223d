# The actions runner that is installed where the image has none. GitHub refuses a runner 30 days after a newer release:
# raise the version and both checksums together (they are in the release's notes), or set the metadata attributes
# slipway-runner-version and slipway-runner-sha256-x64 / -arm64.
# https://github.com/actions/runner/releases
RUNNER_VERSION=2.338.0
RUNNER_SHA256_X64=af4b794c1bc41d73d40535e3fe092a39f9679cd8d965954c2aca25a05ca41d32
RUNNER_SHA256_ARM64=628b4a7258487b80c1d3c221095a7ded349f5ae0175fd3dfab708d07428f041b
