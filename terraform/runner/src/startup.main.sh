# The VM of an ephemeral runner: one boot, one runner, one job, power off. Whatever happens, it ends with the power off: a VM
# that is on costs money, and the control plane counts it as capacity.

: "${GRACE_SECONDS:=20}" # a spot VM has 30 seconds, all told
diag_lines=50

end() {
  local code=$?
  trap - ERR EXIT TERM INT USR1
  set +e
  [[ -z $runner_pid ]] || show_diagnostics "$diag_lines"
  if [[ -n $standby && -z $secret && $code != 0 ]]; then report "failed: ${why:-the script ended with status $code}"; fi
  say "power off: ${why:-the script ended with status $code}"
  # EC2 says why a VM ended: of one that powers itself off after its notice nobody could tell that it was interrupted.
  if [[ $CLOUD == ec2 && $stopping == 'the spot VM is being preempted' ]]; then sleep "$SPOT_NOTICE_SECONDS"; fi
  power_off
  exit "$code"
}

take_jit_config() {
  local code=0
  if [[ $CLOUD == ec2 ]]; then
    secret=${SLIPWAY_JITCONFIG:-}
    SLIPWAY_JITCONFIG=''
    close_user_data
    # This copy is read to its end already, and nothing starts it again.
    rm -f "$LIB_DIR/startup.sh"
    [[ -n $secret ]] || fail 'no JIT config: expected it in the variable SLIPWAY_JITCONFIG; the control plane puts it before this script in the user data'
    return
  fi
  secret=$(metadata instance/attributes/slipway-jit-config) || code=$?
  [[ $code != 1 ]] || fail "no JIT config: the metadata server did not answer in $METADATA_TRIES tries"
  if [[ -n $secret ]]; then return; fi
  setting slipway-standby ''
  case $REPLY in
    stopped | suspended) standby=$REPLY ;;
    *) fail 'no JIT config: expected it in the metadata attribute slipway-jit-config; the control plane puts it there when it creates the VM' ;;
  esac
}

run() {
  trap end EXIT
  trap 'fail "the VM is shutting down"' TERM INT
  trap_errors
  if [[ $CLOUD == ec2 ]]; then
    say "starting on $(imds instance-id || uname -n) as ${SLIPWAY_RUNNER:-no runner} (pool ${SLIPWAY_POOL:-unknown}, deployment ${SLIPWAY_DEPLOYMENT:-unknown})"
  else
    say "starting on $(uname -n)"
  fi
  earlier_steps
  take_jit_config
  take_way_out
  step_done metadata
  number slipway-idle-seconds 900
  local idle=$REPLY
  number slipway-diag-lines 50
  diag_lines=$REPLY
  block_metadata
  ensure_user
  guard_boots || say 'systemd did not take what keeps the runner from the metadata server from the next boot on'
  install_runner
  install_docker
  start_docker
  grant_sudo
  install_hooks
  run_boot_script
  step_done runner
  if [[ -n $standby ]]; then stand_by; fi
  local code=0
  launch "ACTIONS_RUNNER_INPUT_JITCONFIG=$secret" "${hook_variables[@]}"
  say "the runner is started; without a job for $idle s it goes"
  supervise "$idle" "$GRACE_SECONDS" || code=$?
  if [[ -n $deprecated ]] && replace_refused_runner; then
    why='' code=0
    # The registration is good until there was a job.
    launch "ACTIONS_RUNNER_INPUT_JITCONFIG=$secret" "${hook_variables[@]}"
    supervise "$idle" "$GRACE_SECONDS" || code=$?
  fi
  return "$code"
}

# For an image: everything that does not differ from VM to VM. Wants the same attributes on the VM that builds it.
bake() {
  trap_errors
  trap 'say "not baked: $why"' EXIT
  ensure_user
  install_runner
  ensure_package nft nftables
  install_docker
  warm_up
  trap - EXIT
  say 'baked'
}

open_console
case ${1:-} in
  '')
    [[ $CLOUD != ec2 ]] || bound_life
    # Also when this script itself is killed.
    enter_unit startup.sh FailureAction=poweroff ''
    run
    ;;
  --run) run ;;
  --bake) bake ;;
  *)
    why="found the argument $1, expected none, --run or --bake"
    say "$why"
    exit 2
    ;;
esac
