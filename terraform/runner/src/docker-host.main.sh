# A Docker host: asks the control plane every few seconds what to run, and runs each job in a container. Needs bash, curl, jq and the docker
# command, and no inbound port.

SECRETS_URL=${SLIPWAY_SECRETS_URL:-https://secretmanager.googleapis.com}
ENGINE_SECONDS=${SLIPWAY_ENGINE_SECONDS:-20}
PULL_SECONDS=900
# Between two tries after an error, doubled each time up to the second.
FIRST_PAUSE=${SLIPWAY_FIRST_PAUSE:-1}
LONGEST_PAUSE=30
# How long what is being created may take when the agent ends. A hand-over that is not confirmed is taken back by the control plane.
LEAVE_SECONDS=5

CONFIG_DIR=$ROOT/etc/slipway
UNIT=/etc/systemd/system/slipway-docker-host.service

state=''

usage() {
  cat <<'USAGE'
The agent of a Slipway Docker host.

  docker-host.sh                                    runs the agent; its settings are the variables below
  docker-host.sh install --url URL --host NAME --token-file FILE [--deployment NAME] [--network NAME]
                                                    installs it as a service of systemd, and starts it
  docker-host.sh uninstall                          removes the service; containers stay

  SLIPWAY_API_URL            base URL of the API
  SLIPWAY_HOST               name of the host in RUNNER_CONFIG
  SLIPWAY_HOST_TOKEN_FILE    file with the output of `slipway host-token NAME`, mode 0600 (or SLIPWAY_HOST_TOKEN)
  SLIPWAY_DEPLOYMENT         name of the deployment (slipway)
  SLIPWAY_DOCKER_NETWORK     network of the containers (Docker's own)
  DOCKER_HOST                Docker's own
USAGE
}

leave() {
  local code=$? pid until=$((SECONDS + LEAVE_SECONDS))
  trap - ERR EXIT TERM INT
  set +e
  if [[ -n $state ]]; then
    while ((SECONDS < until)) && [[ -n $(ls -A "$state/creating" 2>/dev/null) ]]; do sleep 0.1; done
    for pid in "${workers[@]}"; do kill -KILL -- "-$pid" 2>/dev/null; done
    # shellcheck disable=SC2046 # numbers
    kill -KILL $(jobs -p) 2>/dev/null
    rm -rf -- "$state"
  fi
  say "the agent ends: ${why:-the script ended with status $code}; containers go on"
  exit "$code"
}

pause() {
  attend sleep "$1" || true
}

# Says what is wrong when it begins, when it changes, and again every ten minutes.
complain() {
  [[ $why != "$complaint" ]] || ((SECONDS >= complain_again)) || return 0
  say "$why; tried again. What runs goes on, nothing new is started"
  complaint=$why
  complain_again=$((SECONDS + 600))
}

complaint=''
complain_again=0

run_agent() {
  local wait_seconds pause_seconds=$FIRST_PAUSE missing=() command
  trap leave EXIT
  for command in curl docker jq timeout; do command -v "$command" >/dev/null || missing+=("$command"); done
  ((${#missing[@]} == 0)) || fail "found no ${missing[*]}: install it first"
  why=$(wrong_settings)
  [[ -z $why ]] || fail "${why%; }"
  export -n SLIPWAY_HOST_TOKEN
  umask 077
  state=$(mktemp -d "${RUNTIME_DIRECTORY:-${TMPDIR:-/tmp}}/slipway-docker-host.XXXXXXXX")
  mkdir "$state/starting" "$state/creating" "$state/failed"
  trap 'why="it was told to"; exit 0' TERM INT
  say "host $HOST of deployment $DEPLOYMENT, for $API_URL"
  while true; do
    if ! list_containers; then
      why="Docker does not answer: $(engine_error)"
    else
      mend_containers
      refresh_identity
      write_report
      if sync_with_api; then
        [[ -z $complaint ]] || say 'the API answers again'
        complaint='' pause_seconds=$FIRST_PAUSE
        remove_what_is_asked
        start_what_is_asked
        pull_ahead
        wait_seconds=$(jq '.wait_seconds // 2 | if . < 0.5 then 0.5 elif . > 30 then 30 else . end' "$state/answer")
        # It holds JIT configs.
        : >"$state/answer"
        pause "$wait_seconds"
        continue
      fi
    fi
    complain
    pause "$pause_seconds"
    pause_seconds=$(jq --null-input "[$pause_seconds * 2, $LONGEST_PAUSE] | min")
  done
}

# write_settings TOKEN: for the unit; the token in a file of its own.
write_settings() {
  (
    umask 077
    mkdir -p "$CONFIG_DIR"
    printf '%s\n' "$1" >"$CONFIG_DIR/host-token"
    printf 'SLIPWAY_API_URL=%s\nSLIPWAY_HOST=%s\nSLIPWAY_DEPLOYMENT=%s\nSLIPWAY_DOCKER_NETWORK=%s\nSLIPWAY_HOST_TOKEN_FILE=%s\n' \
      "$API_URL" "$HOST" "$DEPLOYMENT" "$NETWORK" "$CONFIG_DIR/host-token" >"$CONFIG_DIR/docker-host.env"
  )
}

write_unit() {
  install -D --mode 0755 "${BASH_SOURCE[0]}" "$LIB_DIR/docker-host.sh"
  mkdir -p "$ROOT${UNIT%/*}"
  # KillMode=mixed: the agent gets the signal first and what it started after it; containers are the engine's.
  cat >"$ROOT$UNIT" <<SERVICE
[Unit]
Description=Slipway: runs jobs in containers
Wants=network-online.target
After=network-online.target docker.service

[Service]
EnvironmentFile=$CONFIG_DIR/docker-host.env
ExecStart=$LIB_DIR/docker-host.sh
RuntimeDirectory=slipway-docker-host
RuntimeDirectoryMode=0700
KillMode=mixed
TimeoutStopSec=15
Restart=always
RestartSec=5

[Install]
WantedBy=multi-user.target
SERVICE
  if ! { systemctl daemon-reload && systemctl enable slipway-docker-host.service && systemctl restart slipway-docker-host.service; }; then
    fail 'systemd did not take the service slipway-docker-host'
  fi
}

# Whether containers could find a metadata server here.
in_a_cloud() {
  grep --quiet --extended-regexp 'Google|Amazon' "$ROOT/sys/class/dmi/id/sys_vendor" 2>/dev/null
}

install_agent() {
  while (($# > 0)); do
    case $1 in
      --url) API_URL=${2%/} ;;
      --host) HOST=$2 ;;
      --token-file) TOKEN_FILE=$2 ;;
      --deployment) DEPLOYMENT=$2 ;;
      --network) NETWORK=$2 ;;
      *) usage_error "found the argument $1" ;;
    esac
    (($# > 1)) || usage_error "the argument $1 has no value"
    shift 2
  done
  local wrong
  wrong=$(wrong_settings)
  [[ -z $wrong ]] || usage_error "${wrong%; }"
  read_token || fail 'the host token is empty or has characters that no token has'
  if in_a_cloud; then
    block_metadata
    block_metadata_at_boot
    block_metadata_for_docker || say "Docker has no chain DOCKER-USER; the rules of nftables keep its networks from the metadata server"
  fi
  write_settings "$secret"
  write_unit
  say "installed; journalctl --unit slipway-docker-host shows what it does"
}

uninstall_agent() {
  systemctl disable --now slipway-docker-host.service || true
  rm -f "$ROOT$UNIT" "$CONFIG_DIR/docker-host.env" "$CONFIG_DIR/host-token" "$LIB_DIR/docker-host.sh"
  systemctl daemon-reload
  say 'removed; containers that run stay'
}

# A VM of Google Cloud that has this script as its startup script: installs Docker and the agent, at every boot again. The host token comes
# from Secret Manager, with the identity of the VM.
prepare_vm() {
  trap 'say "the agent is not installed: ${why:-the script ended with status $?}"' EXIT
  trap_errors
  take_way_out
  block_metadata
  [[ ! -d $UNIT_DIR ]] || block_metadata_at_boot
  ensure_package docker docker.io docker-cli # Debian 13 has the command in a package of its own
  ensure_package jq jq
  systemctl start docker || fail 'Docker did not start'
  block_metadata_for_docker || say "Docker has no chain DOCKER-USER; the rules of nftables keep its networks from the metadata server"
  run_boot_script
  setting slipway-api-url ''
  API_URL=${REPLY%/}
  setting slipway-host ''
  HOST=$REPLY
  setting slipway-deployment slipway
  DEPLOYMENT=$REPLY
  setting slipway-host-token-secret ''
  TOKEN=$(read_secret "$REPLY") || fail "the host token could not be read from the secret ${REPLY:-that slipway-host-token-secret should name}"
  why=$(wrong_settings)
  [[ -z $why ]] || fail "${why%; }"
  read_token || fail 'the host token has characters that no token has'
  write_settings "$secret"
  write_unit
  trap - EXIT
  say 'the agent is installed and started'
}

# read_secret SECRET: the newest version. https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access
read_secret() {
  local token reply
  [[ $1 =~ ^projects/[^/]+/secrets/[^/]+$ ]] || return 1
  token=$(metadata instance/service-accounts/default/token | jq --raw-output .access_token) || return 1
  reply=$(curl --silent --fail --config <(printf 'header = "Authorization: Bearer %s"\n' "$token") --connect-timeout 5 --max-time 20 --retry 5 \
    "$SECRETS_URL/v1/$1/versions/latest:access") || return 1
  printf '%s' "$reply" | jq --raw-output '.payload.data | @base64d' | tr -d '[:space:]'
}

usage_error() {
  printf '%s\n\n' "$1" >&2
  usage >&2
  exit 2
}

console_copy=yes
open_console
in_a_cloud || console_device=''
case ${1:-} in
  '')
    if [[ -z $API_URL$HOST ]] && in_a_cloud; then prepare_vm; else run_agent; fi
    ;;
  install)
    shift
    install_agent "$@"
    ;;
  uninstall) uninstall_agent ;;
  --help | -h | help) usage ;;
  *) usage_error "found the argument $1, expected none, install or uninstall" ;;
esac
