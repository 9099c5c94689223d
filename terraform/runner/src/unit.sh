# enter_unit SCRIPT UNIT_SETTING SERVICE_SETTING: where systemd runs, the script goes on in a service of its own. The startup script's own service lets its children be
# at a shutdown until all else is gone, the network too; this one is stopped before the network, and has time to end the runner.
# Out of memory, the kernel ends a process of the job; without OOMPolicy systemd would then end the runner, and this script with it.
enter_unit() {
  local name=$1
  [[ -d $UNIT_DIR ]] || return 0
  install -D --mode 0700 "${BASH_SOURCE[0]}" "$LIB_DIR/$name"
  cat >"$UNIT_DIR/slipway-runner.service" <<UNIT
[Unit]
Description=Slipway: runs the GitHub Actions runner
Wants=network-online.target
After=network-online.target docker.service
$2

[Service]
ExecStart=$LIB_DIR/$name --run
KillMode=mixed
TimeoutStopSec=90
OOMPolicy=continue
$3
UNIT
  if systemctl daemon-reload && systemctl start --no-block slipway-runner.service; then exit 0; fi
  say 'systemd did not take the service; the runner runs under the startup script itself'
}
