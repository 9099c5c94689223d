# The agent of a Docker host: its settings, and the sync with the control plane. https://docs.docker.com/reference/cli/docker/

API_URL=${SLIPWAY_API_URL:-}
API_URL=${API_URL%/}
HOST=${SLIPWAY_HOST:-}
DEPLOYMENT=${SLIPWAY_DEPLOYMENT:-slipway}
TOKEN_FILE=${SLIPWAY_HOST_TOKEN_FILE:-}
TOKEN=${SLIPWAY_HOST_TOKEN:-}
# Network of the containers, for `docker create --network`; empty: Docker's own. With `host` the metadata server is open to jobs.
NETWORK=${SLIPWAY_DOCKER_NETWORK:-}
NAME='^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$'

# What is wrong with the settings, or nothing.
wrong_settings() {
  [[ $API_URL =~ ^https?://[^[:space:]\"\\]+$ ]] || printf 'found SLIPWAY_API_URL=%s, expected the base URL of the API, such as https://api.example.com; ' "$API_URL"
  [[ $HOST =~ $NAME ]] || printf 'found SLIPWAY_HOST=%s, expected the name of a host in RUNNER_CONFIG; ' "$HOST"
  [[ $DEPLOYMENT =~ $NAME ]] || printf 'found SLIPWAY_DEPLOYMENT=%s, expected the name of the deployment; ' "$DEPLOYMENT"
  if [[ -n $TOKEN_FILE ]]; then
    [[ -r $TOKEN_FILE ]] || printf 'the file of SLIPWAY_HOST_TOKEN_FILE, %s, cannot be read; ' "$TOKEN_FILE"
  elif [[ -z $TOKEN ]]; then
    printf 'found neither SLIPWAY_HOST_TOKEN_FILE nor SLIPWAY_HOST_TOKEN, expected what the command slipway host-token %s prints; ' "${HOST:-HOST}"
  fi
}

# Sets secret to the host token, read again each time, so that it can be changed while the agent runs.
read_token() {
  secret=$TOKEN
  [[ -z $TOKEN_FILE ]] || secret=$(tr -d '[:space:]' <"$TOKEN_FILE" 2>/dev/null) || secret=''
  [[ $secret =~ ^[A-Za-z0-9_-]+$ ]]
}

# attend COMMAND…: runs it as any other, but a signal to this script is heard at once, not after the command.
attend() {
  local code=0
  "$@" &
  wait $! || code=$?
  return "$code"
}

# engine ARGUMENTS…: the docker command, within a time. Its standard error is kept in a file for messages.
engine() {
  attend timeout --kill-after=2 "$ENGINE_SECONDS" docker "$@" 2>"$state/engine-error"
}

engine_error() {
  local text
  text=$(head -c 500 "$state/engine-error" 2>/dev/null) || text=''
  printf '%s' "${text//$'\n'/ }"
}
