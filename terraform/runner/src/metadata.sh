# Where the VM learns what it is for. ec2.sh has the same for the other cloud.
CLOUD=${SLIPWAY_CLOUD:-google}

# Google Cloud's metadata server. It can be late at boot, and it answers 429 and 503 now and then.
METADATA_TRIES=30

# Prints the value at the path. Ends with 4 when there is none, with 1 when the server does not say.
metadata() {
  local path=$1 try reply status
  for ((try = 1; try <= METADATA_TRIES; try++)); do
    reply=$(curl --silent --noproxy '*' --connect-timeout 2 --max-time 10 --header 'Metadata-Flavor: Google' \
      --write-out '\n%{http_code}' "$METADATA_URL/$path") || true
    status=${reply##*$'\n'}
    case $status in
      200)
        printf '%s' "${reply%$'\n'*}"
        return 0
        ;;
      404) return 4 ;;
    esac
    say "the metadata server answered ${status:-nothing} for $path (try $try of $METADATA_TRIES)"
    sleep "$RETRY_SECONDS"
  done
  return 1
}

# As metadata, for an attribute of the VM.
google_attribute() {
  metadata "instance/attributes/$1"
}

# setting NAME DEFAULT: sets REPLY to the VM's metadata attribute, or to the default when it is missing or empty.
setting() {
  local code=0
  REPLY=$("${CLOUD}_attribute" "$1") || code=$?
  case $code in
    0) [[ -n $REPLY ]] || REPLY=$2 ;;
    4) REPLY=$2 ;;
    *) fail "the metadata server did not give the attribute $1 in $METADATA_TRIES tries" ;;
  esac
}

# As setting, for a whole number.
number() {
  setting "$1" "$2"
  [[ $REPLY =~ ^[0-9]{1,9}$ ]] && return
  say "found $1=$REPLY, expected a whole number: $2 it is"
  REPLY=$2
}

# Waits for the notice of preemption (a spot VM has 30 seconds from then), then signals the process PID.
# https://cloud.google.com/compute/docs/instances/create-use-spot#detect-preemption
google_watch_preemption() {
  local pid=$1 etag=0 reply headers body
  while true; do
    reply=$(curl --silent --include --noproxy '*' --header 'Metadata-Flavor: Google' --max-time 90 \
      "$METADATA_URL/instance/preempted?wait_for_change=true&timeout_sec=60&last_etag=$etag") || reply=''
    headers=${reply%%$'\r\n\r\n'*}
    body=${reply#*$'\r\n\r\n'}
    if [[ $headers != HTTP/*' 200'* ]]; then
      sleep "$RETRY_SECONDS"
      continue
    fi
    if [[ $body == TRUE* ]]; then
      kill -USR1 "$pid"
      return
    fi
    shopt -s nocasematch
    if [[ $headers =~ etag:\ *([0-9a-z]+) ]]; then etag=${BASH_REMATCH[1]}; fi
    shopt -u nocasematch
  done
}
