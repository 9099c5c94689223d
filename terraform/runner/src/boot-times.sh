# How long each step of the boot took: one line on the console, for a metric (terraform/metrics.tf) and for who wonders.

UPTIME_FILE=${SLIPWAY_UPTIME_FILE:-/proc/uptime}
boot_steps='' # "<step>=<seconds since the kernel started>", separated by spaces
boot_base=0   # of a machine that waited for its JIT config: when that came, in hundredths of a second

# Sets REPLY to the hundredths of a second since the kernel started. The time that a VM was suspended counts.
uptime_hundredths() {
  local seconds
  read -r seconds _ <"$UPTIME_FILE" && [[ $seconds =~ ^([0-9]+)\.([0-9]{2}) ]] || return 1
  REPLY=$((10#${BASH_REMATCH[1]} * 100 + 10#${BASH_REMATCH[2]}))
}

# add_step STEP HUNDREDTHS
add_step() {
  local since=$(($2 - boot_base))
  boot_steps+=$(printf ' %s=%d.%02d' "$1" $((since / 100)) $((since % 100)))
}

step_done() {
  uptime_hundredths || return 0
  add_step "$1" "$REPLY"
}

# What came before this script, as systemd has noted it in microseconds since the kernel's start; nothing where there is no systemd.
earlier_steps() {
  local micros
  [[ -d $UNIT_DIR ]] || return 0
  micros=$(systemctl show --property UserspaceTimestampMonotonic --value 2>/dev/null) || micros=''
  [[ ! $micros =~ ^[1-9][0-9]{0,14}$ ]] || add_step kernel $((micros / 10000))
  micros=$(systemctl show network-online.target --property ActiveEnterTimestampMonotonic --value 2>/dev/null) || micros=''
  [[ ! $micros =~ ^[1-9][0-9]{0,14}$ ]] || add_step network $((micros / 10000))
}

# From here on seconds count from now: what came before was spent ahead of the job.
restart_boot_times() {
  uptime_hundredths || return 0
  boot_base=$REPLY boot_steps=''
}

# The runner's listener is connected: the boot is over. Once.
listener_up() {
  [[ -n $boot_steps || $boot_base != 0 ]] || return 0
  step_done listener
  if ((boot_base > 0)); then
    say "wake-seconds$boot_steps vm=$(uname -n)"
  else
    say "boot-seconds$boot_steps vm=$(uname -n)"
  fi
  boot_steps='' boot_base=0
}
