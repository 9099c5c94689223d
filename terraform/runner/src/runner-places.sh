# The same for the runner.
RELEASES_URL=${SLIPWAY_RELEASES_URL:-https://github.com/actions/runner/releases/download}
TICK_SECONDS=${SLIPWAY_TICK_SECONDS:-1}
GRACE_SECONDS=${SLIPWAY_GRACE_SECONDS:-}
RUNNER_USER=runner
RUNNER_DIR=$ROOT/opt/actions-runner
RUNNER_LOG=$ROOT/var/log/slipway-runner.log
STATE_DIR=$ROOT/var/lib/slipway
OFFLINE_FLAG=$RUNNER_DIR/.slipway-offline
