# What keeps a job from what runs at the next boot.

# Nothing that a job left starts by itself at a boot: no crontab, no at job, no service manager of the runner's user. at.deny is made by
# at alone: without both of its files, at is for root only.
keep_user_from_boot() {
  local file uid
  for file in "$ROOT/etc/cron.deny" "$ROOT/etc/at.deny"; do
    [[ -e $file || $file == */cron.deny ]] || continue
    grep --quiet --line-regexp --fixed-strings "$RUNNER_USER" "$file" 2>/dev/null || printf '%s\n' "$RUNNER_USER" >>"$file" || return 1
  done
  rm -f "$ROOT/var/spool/cron/crontabs/$RUNNER_USER" "$ROOT/var/lib/systemd/linger/$RUNNER_USER"
  find "$ROOT/var/spool/cron/atjobs" -type f -user "$RUNNER_USER" -delete 2>/dev/null || true
  uid=$(id -u "$RUNNER_USER") && systemctl mask --now "user@$uid.service"
}

# What a job may leave behind it meets these at the next boot.
guard_boots() {
  [[ -d $UNIT_DIR ]] || return 0
  block_metadata_at_boot && keep_user_from_boot
}
