# What the operator runs on the VM beside the runner, from metadata attributes: a boot script, a script before and one after each job, sudo.

SUDOERS_DIR=$ROOT/etc/sudoers.d
# NAME=value for the runner's environment.
hook_variables=()

# The boot script runs as root before the runner starts, in a folder of its own. One that fails ends the VM: a job on a half-made VM would
# fail for a reason that nobody sees.
run_boot_script() {
  setting slipway-boot-script ''
  [[ -n $REPLY ]] || return 0
  local code=0 file=$LIB_DIR/boot-script
  write_script "$file" 0700 "$REPLY"
  say 'the boot script starts'
  (cd / && exec "$file") </dev/null > >(while IFS= read -r line || [[ -n $line ]]; do relay "boot script: $line"; done) 2>&1 || code=$?
  [[ $code == 0 ]] || fail "the boot script ended with status $code"
}

# GitHub's hooks, as the runner's user. A hook that fails fails the job.
# https://docs.github.com/en/actions/how-tos/manage-runners/self-hosted-runners/run-scripts
install_hooks() {
  local event file
  for event in started completed; do
    setting "slipway-hook-job-$event" ''
    [[ -n $REPLY ]] || continue
    # The runner takes a path that ends in .sh alone.
    file=$LIB_DIR/hook-job-$event.sh
    write_script "$file" 0755 "$REPLY"
    hook_variables+=("ACTIONS_RUNNER_HOOK_JOB_${event^^}=$file")
  done
}

# Whoever may run sudo is root: the rules that keep the runner from the metadata server hold no longer.
grant_sudo() {
  setting slipway-sudo false
  [[ $REPLY == true ]] || return 0
  ensure_package sudo sudo
  mkdir -p "$SUDOERS_DIR"
  printf '%s ALL=(ALL:ALL) NOPASSWD: ALL\n' "$RUNNER_USER" >"$SUDOERS_DIR/slipway-runner"
  chmod 0440 "$SUDOERS_DIR/slipway-runner"
  say 'jobs may run sudo without a password'
}

# write_script FILE MODE TEXT: with bash in front where the text names no interpreter.
write_script() {
  mkdir -p "$LIB_DIR"
  [[ $3 == '#!'* ]] || printf '#!/bin/bash\n' >"$1"
  if [[ $3 == '#!'* ]]; then printf '%s\n' "$3" >"$1"; else printf '%s\n' "$3" >>"$1"; fi
  chmod "$2" "$1"
}
