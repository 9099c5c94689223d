# One runner from its start to its end. What it prints goes to a file first, because a slow console must not hold it up, and because
# its lines tell whether it has a job.

# With ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE the exit status tells; older runners have but the line. It is believed as a whole
# line and before there was a job: the name of a job may read like it, on a line of its own too.
DEPRECATED_STATUS=7
DEPRECATED_LINE='^(An error occur+ed: )?Runner version v?[0-9.]+ is deprecated and cannot receive messages\.?$'
runner_pid=''
runner_log=''
partial=''
stopping='' # why the runner was told to end
deadline=0
busy_at=0 # when there was last a job, in seconds of this shell
jobs_seen=0
deprecated=''

# launch ENVIRONMENT…: run.sh as the runner's user. Secrets travel in the environment, which only that user and root can read;
# command lines can be read by all. The runner takes ACTIONS_RUNNER_INPUT_<ARGUMENT> from there and keeps it from its jobs' environment.
# https://github.com/actions/runner/blob/main/src/Runner.Listener/CommandSettings.cs
launch() {
  [[ -z $runner_log ]] || exec {runner_log}<&-
  runner_pid='' partial='' stopping='' deprecated='' jobs_seen=0
  (umask 077 && : >"$RUNNER_LOG")
  # Without job control bash starts a child with SIGINT ignored, and it could never be told to end.
  set -m
  (
    cd "$RUNNER_DIR"
    # run.sh hands a signal on, and its exit status is the runner's.
    # shellcheck disable=SC2163 # each argument is NAME=value
    export "$@"
    export RUNNER_MANUALLY_TRAP_SIG=1 ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE=1
    export HOME="/home/$RUNNER_USER" USER="$RUNNER_USER" LOGNAME="$RUNNER_USER"
    exec "${AS_RUNNER[@]}" ./run.sh
  ) >>"$RUNNER_LOG" 2>&1 9>&- </dev/null &
  runner_pid=$!
  exec {runner_log}<"$RUNNER_LOG"
}

# SIGINT makes the runner cancel its job, so that GitHub says within seconds that the runner was shut down, and not after ten
# minutes that it was lost. An idle one stops asking for jobs.
stop() {
  [[ -z $stopping ]] || return 0
  stopping=$1
  deadline=$((SECONDS + $2))
  say "$stopping; the runner is told to end and has $2 s"
  kill -INT "$runner_pid" 2>/dev/null || true
}

read_runner_lines() {
  local line
  while IFS= read -r line <&"$runner_log" || { partial+=$line && false; }; do
    line=$partial$line
    partial=''
    relay "$line"
    [[ ! $line =~ ^[0-9-]+\ [0-9:]+Z:\ Listening\ for\ Jobs ]] || listener_up
    if [[ $line =~ ^[0-9-]+\ [0-9:]+Z:\ Running\ job: ]]; then
      jobs_seen=$((jobs_seen + 1))
      busy_at=$SECONDS
    elif ((jobs_seen == 0)) && [[ $line =~ $DEPRECATED_LINE ]]; then
      deprecated=yes
    fi
  done
}

# The runner starts one Runner.Worker per job. Its own updates put it into bin.<version>.
works() {
  pgrep --full "$RUNNER_DIR/bin[^ ]*/Runner\.Worker" >/dev/null
}

# supervise IDLE_SECONDS GRACE_SECONDS: returns when the runner has ended, 0 if in good order; sets why. Without IDLE_SECONDS
# (0) the runner may wait for ever.
supervise() {
  local idle=$1 grace=$2 preemption offline working code=0
  busy_at=$SECONDS
  trap 'stop "the VM is shutting down" '"$grace" TERM INT
  trap 'stop "the spot VM is being preempted" 20' USR1
  "${CLOUD}_watch_preemption" $$ </dev/null >/dev/null 2>&1 &
  preemption=$!
  disown "$preemption" # or bash reports its end

  while kill -0 "$runner_pid" 2>/dev/null; do
    # In this order: the flag is set while a worker runs, and what a worker that is gone has written is read before anything is decided.
    offline='' working=''
    if [[ -e $OFFLINE_FLAG ]]; then offline=yes; fi
    if works; then working=yes; fi
    read_runner_lines
    if [[ -n $working ]]; then
      busy_at=$SECONDS
    elif [[ -n $offline ]]; then
      stop "a job's hook took the runner offline" "$grace"
    elif ((idle > 0 && SECONDS - busy_at >= idle)); then
      stop "no job for $idle s" "$grace"
    fi
    if [[ -n $stopping ]] && ((SECONDS >= deadline)); then
      say "the runner did not end in time and is killed"
      kill -KILL -- "-$runner_pid" 2>/dev/null || true
      break
    fi
    sleep "$TICK_SECONDS" &
    wait $! || true
  done

  kill -KILL -- "-$preemption" 2>/dev/null || true
  wait "$runner_pid" || code=$?
  read_runner_lines
  [[ -z $partial ]] || relay "$partial"
  conclude "$code"
}

conclude() {
  local code=$1
  [[ $code != "$DEPRECATED_STATUS" ]] || deprecated=yes
  if [[ -n $deprecated ]]; then
    say "runner-deprecated: GitHub refuses this version of the runner; raise slipway-runner-version and its checksum, or bake a new image"
    why='the runner is deprecated'
  elif [[ -n $stopping ]]; then
    why=$stopping
    return 0
  elif ((code != 0)); then
    why="the runner failed with exit status $code after $jobs_seen job(s)"
  elif ((jobs_seen == 0)); then
    why='the runner ended without a job'
  else
    why='the runner has run its job'
    return 0
  fi
  return 1
}

# The end of the runner's own logs, at most 64 KB of each. Read as its user: a job could have put a link to somebody else's file there, or
# one line without an end. What a job left running is the same user: it can stop what reads, or hold its pipe, so that this waits 15 s at most.
show_diagnostics() {
  local lines=$1 line until=$((SECONDS + 15))
  ((lines > 0)) || return 0
  # shellcheck disable=SC2016 # that shell expands it
  while ((SECONDS < until)) && IFS= read -r -t 5 line; do relay "$line"; done < <(
    "${AS_RUNNER[@]}" timeout 10 bash -c 'for kind in Runner Worker; do
      file=$(ls -t "$1/_diag/${kind}_"*.log 2>/dev/null | head -n 1)
      [ -z "$file" ] || { echo "== the last $2 lines of $file"; tail -c 65536 "$file" | tail -n "$2"; }
    done' - "$RUNNER_DIR" "$lines" 2>&1
  )
}
