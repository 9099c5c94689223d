# What the VM has to say goes to its serial console, and from there to Cloud Logging: when the VM is gone, that is all there is.

why='' # why the script ends, said last
secret='' # what must never be written: the JIT config or the registration token

console_device=''
console_copy='' # not empty: lines go to standard output also where there is a console

# The serial console or, where there is none, standard output (kept as descriptor 9). Not every node under /dev has a port
# behind it: only a write tells.
open_console() {
  local device
  exec 9>&1
  for device in "$ROOT/dev/ttyS0" "$ROOT/dev/ttyAMA0"; do
    if [[ -w $device ]] && (printf '\n' >>"$device") 2>/dev/null; then
      console_device=$device
      return
    fi
  done
}

# More of a line is left out: bash takes quadratic time to replace control characters, hours for a megabyte of them.
CONSOLE_CHARACTERS=4000

# One line to the console, without the secret and without control characters: part of it comes from jobs. The device is opened for each
# line, because a login prompt that starts hangs up everybody else's descriptor, and in a subshell, because it would become
# this script's controlling terminal, which hangs up with it. A line that gets lost is no reason to end.
console() {
  local line=$*
  [[ -z $secret ]] || line=${line//"$secret"/***}
  line=${line:0:CONSOLE_CHARACTERS}
  line=${line//[[:cntrl:]]/ }
  if [[ -n $console_device ]] && (printf '%s\n' "$line" >>"$console_device") 2>/dev/null && [[ -z $console_copy ]]; then return; fi
  printf '%s\n' "$line" >&9 || true
}

say() {
  console "$(date -u +%Y-%m-%dT%H:%M:%SZ) slipway: $*"
}

# What the runner printed. It may be a job's text, so it never stands where this script's own words do.
relay() {
  console "runner: $*"
}

power_off() {
  sync
  poweroff || systemctl poweroff --force --force
}

fail() {
  why=$*
  exit 1
}

# For what nobody foresaw: the line and the command as it stands in the script, that is without its values.
trap_errors() {
  trap '[[ -n $why ]] || why="unexpected failure in line $LINENO: $BASH_COMMAND"' ERR
}
