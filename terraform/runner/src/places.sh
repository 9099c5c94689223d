# Where things are. These variables of the environment are for the tests alone: on a VM nobody sets them.
ROOT=${SLIPWAY_ROOT:-}
METADATA_URL=${SLIPWAY_METADATA_URL:-http://169.254.169.254/computeMetadata/v1}
RETRY_SECONDS=${SLIPWAY_RETRY_SECONDS:-2}
LIB_DIR=$ROOT/usr/local/lib/slipway
UNIT_DIR=$ROOT/run/systemd/system
BOOT_UNIT_DIR=$ROOT/etc/systemd/system
