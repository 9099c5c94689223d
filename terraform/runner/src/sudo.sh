SUDOERS_DIR=$ROOT/etc/sudoers.d

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
