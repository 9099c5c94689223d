# A persistent VM: it is started and stopped, and has the same runner every time. Runs at every boot and repeats nothing: a runner that
# is registered stays so. It never powers off: the control plane stops it when it is idle.

: "${GRACE_SECONDS:=60}" # Compute Engine gives a VM that is stopped about 90
diag_lines=50

end() {
  local code=$?
  trap - ERR EXIT TERM INT USR1
  set +e
  [[ -z $runner_pid ]] || show_diagnostics "$diag_lines"
  say "no runner any more: ${why:-the script ended with status $code}"
  exit "$code"
}

# The registration token lives for an hour, and only the first boot needs it. No --disableupdate: this runner lives longer than
# GitHub takes its version for, so that it must be able to replace itself; the pinned version is but the first. --replace, for a VM
# that was made anew under its name.
register() {
  local url labels group name
  if [[ -f $RUNNER_DIR/.runner ]]; then
    say 'already registered'
    return
  fi
  setting slipway-registration-token ''
  secret=$REPLY
  setting slipway-github-url ''
  url=$REPLY
  [[ -n $secret && -n $url ]] ||
    fail 'not registered: expected the metadata attributes slipway-registration-token (an hour old at most) and slipway-github-url (of the repository or organisation)'
  setting slipway-labels ''
  labels=$REPLY
  setting slipway-runner-group ''
  group=$REPLY
  name=$(metadata instance/name) || fail 'the metadata server did not give the name of the VM'

  local arguments=(--unattended --replace --url "$url" --name "$name" --work _work)
  [[ -z $labels ]] || arguments+=(--labels "$labels")
  [[ -z $group ]] || arguments+=(--runnergroup "$group")
  local line code=0
  while IFS= read -r line; do
    if [[ $line == 'config.sh ended '* ]]; then code=${line##* }; else console "$line"; fi
  done < <(
    cd "$RUNNER_DIR"
    export ACTIONS_RUNNER_INPUT_TOKEN=$secret
    ended=0
    "${AS_RUNNER[@]}" ./config.sh "${arguments[@]}" 2>&1 || ended=$?
    printf '\nconfig.sh ended %s\n' "$ended"
  )
  [[ $code == 0 && -f $RUNNER_DIR/.runner ]] || fail "the registration failed with exit status $code: see the lines above; the token may be older than an hour"
  say "registered as $name"
}

# Containers leave files of root behind, which the hook cannot remove. No job runs yet.
clean_at_boot() {
  rm -f "$OFFLINE_FLAG"
  [[ ! -d $RUNNER_DIR/_work ]] ||
    find "$RUNNER_DIR/_work" -mindepth 1 -maxdepth 1 ! -name _tool -exec rm -rf --one-file-system {} +
}

run() {
  trap end EXIT
  trap 'fail "the VM is shutting down"' TERM INT
  trap_errors
  say "starting on $(uname -n)"
  number slipway-diag-lines 50
  diag_lines=$REPLY
  number slipway-min-free-gb 10
  local environment=("SLIPWAY_MIN_FREE_GB=$REPLY" "SLIPWAY_WORK_DIR=$RUNNER_DIR/_work" "SLIPWAY_OFFLINE_FLAG=$OFFLINE_FLAG")
  ensure_user
  install_runner
  block_metadata
  install_docker
  start_docker
  install_job_started
  register
  clean_at_boot
  local short
  short=$("${AS_RUNNER[@]}" env "${environment[@]}" bash "$LIB_DIR/job-started.sh" --check) || fail "the runner is not started: $short"
  launch "${environment[@]}" "ACTIONS_RUNNER_HOOK_JOB_STARTED=$LIB_DIR/job-started.sh"
  say 'the runner is started'
  supervise 0 "$GRACE_SECONDS"
}

open_console
case ${1:-} in
  '')
    enter_unit persistent.sh
    run
    ;;
  --run) run ;;
  *)
    why="found the argument $1, expected none or --run"
    say "$why"
    exit 2
    ;;
esac
