# Where things are. The variables of the environment are for the tests alone: on a VM nobody sets them.
ROOT=${SLIPWAY_ROOT:-}
METADATA_URL=${SLIPWAY_METADATA_URL:-http://169.254.169.254/computeMetadata/v1}
RELEASES_URL=${SLIPWAY_RELEASES_URL:-https://github.com/actions/runner/releases/download}
TICK_SECONDS=${SLIPWAY_TICK_SECONDS:-1}
RETRY_SECONDS=${SLIPWAY_RETRY_SECONDS:-2}
GRACE_SECONDS=${SLIPWAY_GRACE_SECONDS:-}
RUNNER_USER=runner
RUNNER_DIR=$ROOT/opt/actions-runner
RUNNER_LOG=$ROOT/var/log/slipway-runner.log
LIB_DIR=$ROOT/usr/local/lib/slipway
UNIT_DIR=$ROOT/run/systemd/system
BOOT_UNIT_DIR=$ROOT/etc/systemd/system
STATE_DIR=$ROOT/var/lib/slipway
OFFLINE_FLAG=$RUNNER_DIR/.slipway-offline
