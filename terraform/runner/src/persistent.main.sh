# A persistent VM: it is started and stopped, and has the same runner every time. Runs at every boot and repeats nothing: a runner that
# is registered stays so. The control plane stops it when it is idle; it powers off by itself only when its runner does not stay up.

: "${GRACE_SECONDS:=60}" # Compute Engine gives a VM that is stopped about 90
# A runner that ends TRIES times in a row, each time without a job and within STEADY_SECONDS, does not stay up. Between its ends there is a
# pause, three times as long each time.
TRIES=5
PAUSE_SECONDS=${SLIPWAY_PAUSE_SECONDS:-10}
STEADY_SECONDS=${SLIPWAY_STEADY_SECONDS:-600}
diag_lines=50
gives_up=''

end() {
  local code=$?
  trap - ERR EXIT TERM INT USR1
  set +e
  [[ -z $runner_pid ]] || show_diagnostics "$diag_lines"
  say "no runner any more: ${why:-the script ended with status $code}"
  [[ -z $gives_up ]] || power_off
  exit "$code"
}

# The registration token lives for an hour, and only the first boot needs it. No --disableupdate: this runner lives longer than
# GitHub takes its version for, so that it must be able to replace itself; the pinned version is but the first. --replace, for a VM
# that was made anew under its name.
register() {
  local url labels group name
  if [[ -f $RUNNER_DIR/.runner ]]; then
    mark_registered
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
    if [[ $line == 'config.sh ended '* ]]; then code=${line##* }; else relay "$line"; fi
  done < <(
    cd "$RUNNER_DIR"
    export ACTIONS_RUNNER_INPUT_TOKEN=$secret
    ended=0
    "${AS_RUNNER[@]}" ./config.sh "${arguments[@]}" 2>&1 || ended=$?
    printf '\nconfig.sh ended %s\n' "$ended"
  )
  [[ $code == 0 && -f $RUNNER_DIR/.runner ]] || fail "the registration failed with exit status $code: see the lines above; the token may be older than an hour"
  mark_registered
  say "registered as $name"
}

# For install_runner, where no job can change it.
mark_registered() {
  mkdir -p "$STATE_DIR"
  : >"$STATE_DIR/registered"
}

# As the runner's user: a job decides what lies there. Containers leave files of root behind, which that user cannot remove; these root
# removes, where there is Docker: whose jobs may use Docker are root anyway. No job runs yet.
clean_at_boot() {
  # shellcheck disable=SC2016 # that shell expands it
  local remove='rm -rf --one-file-system -- "$2"
    [ ! -L "$1" ] || rm -f -- "$1"
    [ ! -d "$1" ] || find -P "$1" -mindepth 1 -maxdepth 1 ! -name _tool -exec rm -rf --one-file-system {} +'
  "${AS_RUNNER[@]}" bash -c "$remove" - "$RUNNER_DIR/_work" "$OFFLINE_FLAG" 2>/dev/null || true
  setting slipway-docker false
  [[ $REPLY != true ]] || bash -c "$remove" - "$RUNNER_DIR/_work" "$OFFLINE_FLAG" || say 'not everything that former jobs left could be removed'
}

# keep_running ENVIRONMENT…: starts the runner again when it ends by itself: a crash, out of memory, a session that GitHub still holds after a
# hard stop (status 5). Not when it was told to end, nor when GitHub refuses its version, which a person has to mend.
keep_running() {
  local ends=0 pause=$PAUSE_SECONDS since
  while true; do
    since=$SECONDS
    launch "$@"
    say 'the runner is started'
    supervise 0 "$GRACE_SECONDS" || true
    [[ -z $stopping ]] || return 0
    [[ -z $deprecated ]] || return 1
    # A job of a listener that is gone must not meet the next one.
    kill -KILL -- "-$runner_pid" 2>/dev/null || true
    if ((jobs_seen > 0 || SECONDS - since >= STEADY_SECONDS)); then ends=0 pause=$PAUSE_SECONDS; fi
    ends=$((ends + 1))
    ((ends < TRIES)) || break
    say "$why; it is started again in $pause s (end $ends of $TRIES)"
    trap 'fail "the VM is shutting down"' TERM INT
    sleep "$pause" &
    wait $! || true
    pause=$((pause * 3))
  done
  gives_up=yes
  fail "$why, $TRIES times in a row: the VM powers off, so that the next job starts it anew"
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
  take_way_out
  block_metadata
  ensure_user
  guard_boots || fail 'systemd did not take what keeps the runner from the metadata server from the next boot on'
  install_runner
  install_docker
  start_docker
  install_job_started
  install_hooks
  run_boot_script
  register
  clean_at_boot
  local short
  short=$("${AS_RUNNER[@]}" env "${environment[@]}" bash "$LIB_DIR/job-started.sh" --check) || fail "the runner is not started: $short"
  # Its own hook starts the operator's.
  keep_running "${environment[@]}" "${hook_variables[@]}" "ACTIONS_RUNNER_HOOK_JOB_STARTED=$LIB_DIR/job-started.sh"
}

open_console
case ${1:-} in
  '')
    # The script itself may be killed, too.
    enter_unit persistent.sh '' $'Restart=on-abnormal\nRestartSec=10'
    run
    ;;
  --run) run ;;
  *)
    why="found the argument $1, expected none or --run"
    say "$why"
    exit 2
    ;;
esac
