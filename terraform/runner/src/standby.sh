# A standby machine: it prepares itself before there is a job, reports that, and is held stopped or suspended. Claimed, it is given a JIT
# config, and started or resumed.

standby=''                                            # stopped, suspended, or nothing: a machine for one job
STANDBY_WAIT_TRIES=${SLIPWAY_STANDBY_WAIT_TRIES:-450} # of two seconds each, in which the VM runs
STANDBY_MARK=$STATE_DIR/standby

# report VALUE: tells the control plane by the guest attribute slipway/standby.
# https://cloud.google.com/compute/docs/metadata/manage-guest-attributes
report() {
  local try status
  for ((try = 1; try <= METADATA_TRIES; try++)); do
    status=$(curl --silent --noproxy '*' --connect-timeout 2 --max-time 10 --request PUT --header 'Metadata-Flavor: Google' \
      --data "$1" --output /dev/null --write-out '%{http_code}' "$METADATA_URL/instance/guest-attributes/slipway/standby") || true
    [[ $status != 200 ]] || return 0
    say "the metadata server answered ${status:-nothing} to the guest attribute slipway/standby (try $try of $METADATA_TRIES)"
    sleep "$RETRY_SECONDS"
  done
  return 1
}

# Reads the runner's code into the page cache, and has .NET do once what it does once.
warm_up() {
  (cd "$RUNNER_DIR" && "${AS_RUNNER[@]}" timeout 60 ./bin/Runner.Listener warmup) >/dev/null 2>&1 9>&- </dev/null ||
    say 'the runner could not be warmed up; it starts all the same'
}

# Pulls the images of the attribute slipway-images, which is for machines with Docker.
pull_images() {
  local image
  setting slipway-docker false
  [[ $REPLY == true ]] || return 0
  setting slipway-images ''
  for image in ${REPLY//,/ }; do
    if docker pull --quiet "$image" >/dev/null 2>&1 9>&- </dev/null; then say "pulled $image"; else say "$image could not be pulled; a job that needs it pulls it"; fi
  done
}

# Ends with the JIT config in secret. The attribute is awaited by its name in the list of attributes: of one that is not there yet the server
# does not wait for a change. Tries are counted and not seconds, which go on while the VM is suspended, and each is short: a connection
# that was open at the suspension is dead after the resume, and nobody says so.
await_jit_config() {
  local try etag=0 reply headers
  for ((try = 1; try <= STANDBY_WAIT_TRIES; try++)); do
    reply=$(curl --silent --include --noproxy '*' --connect-timeout 1 --max-time 4 --header 'Metadata-Flavor: Google' \
      "$METADATA_URL/instance/attributes/?wait_for_change=true&timeout_sec=2&last_etag=$etag") || reply=''
    headers=${reply%%$'\r\n\r\n'*}
    if [[ $headers != HTTP/*' 200'* ]]; then
      sleep "$RETRY_SECONDS"
      continue
    fi
    if [[ $'\n'${reply#*$'\r\n\r\n'}$'\n' == *$'\nslipway-jit-config\n'* ]]; then
      restart_boot_times
      secret=$(metadata instance/attributes/slipway-jit-config) || fail 'no JIT config: the metadata server names it and does not give it'
      return
    fi
    shopt -s nocasematch
    if [[ $headers =~ etag:\ *([0-9a-z]+) ]]; then etag=${BASH_REMATCH[1]}; fi
    shopt -u nocasematch
  done
  fail "no JIT config came in $STANDBY_WAIT_TRIES tries; a standby machine is not left on"
}

# After a resume the clock may be off by as long as the VM was suspended, and GitHub's certificates and tokens are checked by it. The
# metadata server's own answer tells the time at once; chrony corrects the rest.
step_clock() {
  local there here
  there=$(curl --silent --head --noproxy '*' --connect-timeout 2 --max-time 5 --header 'Metadata-Flavor: Google' "$METADATA_URL/instance/id") || there=''
  shopt -s nocasematch
  if [[ $there =~ (^|$'\n')date:\ *([^$'\r\n']+) ]]; then there=${BASH_REMATCH[2]}; else there=''; fi
  shopt -u nocasematch
  if [[ -n $there ]] && there=$(date --utc --date "$there" +%s 2>/dev/null); then
    here=$(date +%s)
    if ((there - here > 2 || here - there > 2)); then
      if date --utc --set "@$there" >/dev/null 2>&1; then say "the clock was $((there - here)) s off and is set"; else say 'the clock is off and could not be set'; fi
    fi
  fi
  if command -v chronyc >/dev/null; then chronyc makestep >/dev/null 2>&1 || true; fi
}

# Returns when there is a JIT config. One that is prepared to be held stopped ends here.
stand_by() {
  if [[ ! -e $STANDBY_MARK ]]; then
    warm_up
    pull_images
    mkdir -p "$STATE_DIR"
    : >"$STANDBY_MARK"
    report ready || fail 'the metadata server did not take the guest attribute slipway/standby: is there an organisation policy against guest attributes?'
    if [[ $standby == stopped ]]; then
      why='the standby machine is prepared'
      exit 0
    fi
    say 'the standby machine is prepared; it waits for its JIT config'
  fi
  await_jit_config
  step_clock
}
