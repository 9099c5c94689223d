#!/usr/bin/env bash
# The agent of a Docker host, and the startup script of a VM that is one (README.md).
# Assembled from src/ by assemble.sh: change it there.
set -Eeuo pipefail

# Where things are. These variables of the environment are for the tests alone: on a VM nobody sets them.
ROOT=${SLIPWAY_ROOT:-}
METADATA_URL=${SLIPWAY_METADATA_URL:-http://169.254.169.254/computeMetadata/v1}
RETRY_SECONDS=${SLIPWAY_RETRY_SECONDS:-2}
LIB_DIR=$ROOT/usr/local/lib/slipway
UNIT_DIR=$ROOT/run/systemd/system
BOOT_UNIT_DIR=$ROOT/etc/systemd/system

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

# The way out of a network that goes by a proxy, or has certificates of its own.

CA_DIR=$ROOT/usr/local/share/ca-certificates
DOCKER_UNIT_DIR=$ROOT/etc/systemd/system/docker.service.d

# As the attributes say, for this script, the runner and its jobs, and Docker's daemon; containers of jobs have to be told by the job. The
# runner and Git read the system's certificates, actions that run on Node a file. https://docs.github.com/en/actions/how-tos/manage-runners/self-hosted-runners/use-proxy-servers
take_way_out() {
  local proxy
  setting slipway-ca-certificates ''
  if [[ -n $REPLY ]]; then
    mkdir -p "$CA_DIR"
    printf '%s\n' "$REPLY" >"$CA_DIR/slipway.crt"
    update-ca-certificates >/dev/null 2>&1 || fail 'the certificates in slipway-ca-certificates could not be added to those of the system: expected PEM, and the package ca-certificates'
    export NODE_EXTRA_CA_CERTS=$CA_DIR/slipway.crt
  fi
  setting slipway-proxy ''
  proxy=$REPLY
  [[ -n $proxy ]] || return 0
  [[ $proxy =~ ^https?://[A-Za-z0-9.-]+:[0-9]{1,5}$ ]] || fail "found slipway-proxy=$proxy, expected http://HOST:PORT"
  setting slipway-no-proxy ''
  export http_proxy=$proxy https_proxy=$proxy HTTP_PROXY=$proxy HTTPS_PROXY=$proxy
  export no_proxy=localhost,127.0.0.1,169.254.169.254,metadata.google.internal${REPLY:+,$REPLY}
  export NO_PROXY=$no_proxy
  mkdir -p "$DOCKER_UNIT_DIR"
  printf '[Service]\nEnvironment="HTTP_PROXY=%s" "HTTPS_PROXY=%s" "NO_PROXY=%s"\n' "$proxy" "$proxy" "$no_proxy" >"$DOCKER_UNIT_DIR/slipway-proxy.conf"
  if systemctl daemon-reload; then systemctl try-restart docker || true; fi
  say "everything else than $no_proxy is reached by $proxy"
}

# Debian packages.

# After a boot Debian's own updates hold apt's locks for a while.
retry() {
  local try tries=5
  for ((try = 1; try <= tries; try++)); do
    if "$@"; then return 0; fi
    sleep "$RETRY_SECONDS"
  done
  return 1
}

install_package() {
  local apt=(apt-get -o DPkg::Lock::Timeout=120)
  DEBIAN_FRONTEND=noninteractive "${apt[@]}" update >/dev/null && DEBIAN_FRONTEND=noninteractive "${apt[@]}" install --yes --no-install-recommends "$1" >/dev/null
}

# ensure_package COMMAND PACKAGES…: installs the Debian packages one by one until the command is there.
ensure_package() {
  local command=$1 package
  shift
  for package in "$@"; do
    ! command -v "$command" >/dev/null || return 0
    say "installing $package"
    retry install_package "$package" ||
      fail "$package could not be installed: bake it into the image, or let the VM reach the package mirrors"
  done
}

# The metadata server (Google Cloud's and EC2's have the same IPv4 address) holds the JIT config and, where the VM has a service account
# or a role, its token. Root alone may talk to it: not the runner's user, and neither the subordinate ids that containers without root
# run under, which a rule about the one user would let pass. DNS (53) and time (123) live at the same address and stay open for all. Refused and not dropped, so that what asks gets
# its answer at once: OS Login's name service asks from any process.
# Containers of Docker are forwarded and not sent by a process of this machine: hence the second chain.
metadata_rules() {
  cat <<'RULES'
table inet slipway
delete table inet slipway
table inet slipway {
  set metadata4 { type ipv4_addr; elements = { 169.254.169.254 } }
  set metadata6 { type ipv6_addr; elements = { fd20:ce::254, fd00:ec2::254 } }
  chain metadata {
    meta l4proto { tcp, udp } th dport { 53, 123 } accept
    meta l4proto tcp reject with tcp reset
    reject
  }
  chain output {
    type filter hook output priority 0; policy accept;
    meta skuid != 0 ip daddr @metadata4 jump metadata
    meta skuid != 0 ip6 daddr @metadata6 jump metadata
  }
  chain forward {
    type filter hook forward priority -10; policy accept;
    ip daddr @metadata4 jump metadata
    ip6 daddr @metadata6 jump metadata
  }
}
RULES
}

# No block, no runner. Before anything else that is installed or started.
block_metadata() {
  ensure_package nft nftables
  metadata_rules | nft --file - || fail "nftables refused the rules that keep jobs from the metadata server"
}

# From the next boot on, by systemd: before the network, and before cron and everything else that waits for sysinit.target. Debian's own
# nftables.service flushes all rules, so it goes first.
block_metadata_at_boot() {
  mkdir -p "$LIB_DIR" "$BOOT_UNIT_DIR" && metadata_rules >"$LIB_DIR/metadata.nft" &&
    cat >"$BOOT_UNIT_DIR/slipway-metadata.service" <<UNIT && systemctl daemon-reload && systemctl enable slipway-metadata.service
[Unit]
Description=Slipway: keeps jobs from the metadata server
DefaultDependencies=no
RequiresMountsFor=$LIB_DIR
Wants=network-pre.target
After=nftables.service
Before=network-pre.target sysinit.target shutdown.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=$(command -v nft) --file $LIB_DIR/metadata.nft

[Install]
WantedBy=sysinit.target
UNIT
}

# The same as the chain forward, once more where Docker documents it, for a Docker that rewrites the firewall.
# https://docs.docker.com/engine/network/packet-filtering-firewalls/
block_metadata_for_docker() {
  local protocol rule
  rule=(DOCKER-USER --destination 169.254.169.254)
  for protocol in udp tcp; do
    iptables --wait --check "${rule[@]}" --protocol "$protocol" --match multiport ! --destination-ports 53,123 --jump REJECT 2>/dev/null ||
      iptables --wait --insert "${rule[@]}" --protocol "$protocol" --match multiport ! --destination-ports 53,123 --jump REJECT || return 1
  done
}

# What the operator runs on the VM once it is up, from a metadata attribute.

# The boot script runs as root before there is a job, at each boot. One that fails ends this script: a job on a half-made VM would fail for a
# reason that nobody sees.
run_boot_script() {
  setting slipway-boot-script ''
  [[ -n $REPLY ]] || return 0
  local code=0 file=$LIB_DIR/boot-script
  write_script "$file" 0700 "$REPLY"
  say 'the boot script starts'
  (cd / && exec "$file") </dev/null > >(while IFS= read -r line || [[ -n $line ]]; do relay "boot script: $line"; done) 2>&1 || code=$?
  [[ $code == 0 ]] || fail "the boot script ended with status $code"
}

# write_script FILE MODE TEXT: with bash in front where the text names no interpreter.
write_script() {
  mkdir -p "$LIB_DIR"
  [[ $3 == '#!'* ]] || printf '#!/bin/bash\n' >"$1"
  if [[ $3 == '#!'* ]]; then printf '%s\n' "$3" >"$1"; else printf '%s\n' "$3" >>"$1"; fi
  chmod "$2" "$1"
}

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

# The sync: reports the containers of this deployment, and reads what is to be started and removed.

# One of our containers as JSON. Times that never came are those of the year 1.
# shellcheck disable=SC2016 # a Go template
CONTAINER='{"name":{{json .Name}},"status":{{json .State.Status}},"exit_code":{{.State.ExitCode}},"created_at":{{json .Created}},"started_at":{{json .State.StartedAt}},"finished_at":{{json .State.FinishedAt}},"timeout":{{json (index .Config.Labels "slipway-timeout-seconds")}}}'

# Writes the containers of this deployment, as they are now, to the file containers: a JSON array. Fails when the engine does not say all: what
# is not reported is taken for gone.
list_containers() {
  local ids tries
  for tries in 1 2 3; do
    engine ps --all --quiet --no-trunc --filter "label=slipway-deployment=$DEPLOYMENT" >"$state/ids" || continue
    mapfile -t ids <"$state/ids"
    if ((${#ids[@]} == 0)); then
      printf '[]' >"$state/containers"
      return 0
    fi
    # One that was removed meanwhile makes this fail: then the list is made again.
    engine inspect --type container --format "$CONTAINER" "${ids[@]}" >"$state/inspected" || continue
    jq --slurp 'map(.name |= ltrimstr("/"))' "$state/inspected" >"$state/containers" && return 0
  done
  return 1
}

# The body of the sync: the engine's containers, and beside them what was taken over and has no container yet (created) or gets none (exited, 125).
write_report() {
  local name
  {
    for name in "$state/starting/"*; do [[ ! -e $name ]] || printf 'created %s\n' "${name##*/}"; done
    for name in "$state/failed/"*; do [[ ! -e $name ]] || printf 'exited %s\n' "${name##*/}"; done
  } >"$state/without-container"
  jq --rawfile others "$state/without-container" '
    def time: if . == null or startswith("0001-") then null else . end;
    def state: if . == "created" then . elif . == "running" or . == "paused" or . == "restarting" then "running" else "exited" end;
    map((.status | state) as $state | {
      name, state: $state, exit_code: (if $state == "exited" then .exit_code else null end),
      started_at: (.started_at | time), finished_at: (if $state == "exited" then (.finished_at | time) else null end)
    }) as $containers
    | ($containers | map(.name)) as $known
    | ($others | split("\n") | map(select(. != "") | split(" ") | {state: .[0], name: .[1]}) | map(select(.name as $name | $known | index($name) | not))
      | unique_by(.name) | map({
          name, state, exit_code: (if .state == "exited" then 125 else null end), started_at: null, finished_at: null
        })) as $more
    | {agent: "1", containers: ($containers + $more)}' "$state/containers" >"$state/report"
}

# Sends the report; the answer is in the file answer. Sets why when it fails.
sync_with_api() {
  local code=0 status
  read_token || {
    why='the host token is empty or has characters that no token has'
    return 1
  }
  attend curl --silent --config <(request_headers) --data-binary "@$state/report" --connect-timeout 5 --max-time 12 --max-filesize 10000000 \
    --output "$state/answer" --write-out '%{http_code} %{content_type}' "$API_URL/hosts/$HOST/sync" >"$state/status" || code=$?
  status=$(<"$state/status")
  case $status in
    200*)
      if ((code == 0)) && jq --exit-status "$ANSWER_IS_WHOLE" "$state/answer" >/dev/null 2>&1; then return 0; fi
      why="the answer of $API_URL is incomplete or not what is expected (curl $code)"
      ;;
    401* | 403*)
      why="$API_URL refused this host with ${status%% *}: check the host token, and who may call the API"
      # The front of Cloud Run, where not everybody may call the API.
      [[ $status == *problem+json* ]] || wants_identity=yes
      ;;
    404*) why="$API_URL has no host $HOST in its configuration" ;;
    000*) why="$API_URL cannot be reached (curl $code)" ;;
    *) why="$API_URL answered ${status%% *}" ;;
  esac
  return 1
}

# shellcheck disable=SC2016 # jq's
ANSWER_IS_WHOLE='type == "object"
  and ((.start // []) | type == "array") and ((.remove // []) | type == "array" and all(.[]; type == "string"))
  and ((.images // []) | type == "array" and all(.[]; type == "string")) and ((.wait_seconds // 2) | type == "number")'

# In a pipe and not among the arguments, which everybody can read.
request_headers() {
  printf 'header = "X-Host-Token: %s"\nheader = "Content-Type: application/json"\n' "$secret"
  [[ -z $identity ]] || printf 'header = "Authorization: Bearer %s"\n' "$identity"
}

wants_identity=''
identity=''
identity_until=0

# The identity token of the VM's service account, on Google Cloud, once the API has asked for one. Lives for an hour.
# https://cloud.google.com/compute/docs/instances/verifying-instance-identity
refresh_identity() {
  [[ -n $wants_identity ]] && ((SECONDS >= identity_until)) || return 0
  identity=''
  identity_until=$((SECONDS + 60))
  attend curl --silent --fail --noproxy '*' --header 'Metadata-Flavor: Google' --connect-timeout 1 --max-time 5 \
    "$METADATA_URL/instance/service-accounts/default/identity?audience=$API_URL" >"$state/identity" || return 0
  identity=$(<"$state/identity")
  if [[ $identity =~ ^[A-Za-z0-9._-]+$ ]]; then identity_until=$((SECONDS + 3000)); else identity=''; fi
}

# Starting, killing and removing containers. Each works in a process of its own: a slow pull holds up neither the sync nor anything else.

# shellcheck disable=SC2016 # jq's
ENTRY_IS_WRONG='
  def text: type == "string" and (explode | index(0)) == null;
  def positive: type == "number" and . > 0;
  def optional(check): . == null or check;
  if type != "object" then "it is no object"
  elif (.name | text and test("^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$")) | not then "its name is none"
  elif (.image | text and test("^[A-Za-z0-9]\\S*$")) | not then "its image is none"
  elif (.command | optional(type == "array" and all(.[]; text))) | not then "its command is no list of texts"
  elif (.env | optional(type == "object" and all(to_entries[]; (.key | text and test("^[A-Za-z_][A-Za-z0-9_.-]*$")) and (.value | text)))) | not
    then "its env holds something else than names and texts"
  elif (.cpus | optional(positive)) | not then "its cpus are no number above 0"
  elif (.memory | optional(positive or (text and test("^[0-9]+[bkmgBKMG]?$")))) | not then "its memory is neither bytes nor a size such as 8g"
  elif (.pids_limit | optional(type == "number")) | not then "its pids_limit is no number"
  elif (.volumes | optional(type == "array" and all(.[]; text and test("^[A-Za-z0-9][A-Za-z0-9_.-]*:/[^:]*(:(ro|rw))?$")))) | not
    then "its volumes are not all named volumes, such as cache:/cache"
  elif (.privileged | optional(type == "boolean")) | not then "its privileged is neither true nor false"
  elif (.timeout_seconds | positive) | not then "it has no timeout_seconds"
  else "" end'

# What `docker create` gets, each ended by a NUL. The values of env are not among them.
# shellcheck disable=SC2016 # jq's
ENTRY_ARGUMENTS='
  ["--name", .name, "--label", "slipway-deployment=\($deployment)", "--label", "slipway-timeout-seconds=\(.timeout_seconds | ceil)", "--restart", "no"]
  + (if $network == "" then [] else ["--network", $network] end)
  + (if .cpus then ["--cpus", "\(.cpus)"] else [] end)
  + (if .memory then ["--memory", "\(.memory)"] else [] end)
  + (if .pids_limit then ["--pids-limit", "\(.pids_limit)"] else [] end)
  + [.volumes // [] | .[] | "--volume", .]
  + (if .privileged then ["--privileged"] else [] end)
  + ["--env-file", "/dev/fd/3"] + [.env // {} | to_entries[] | select(.value | test("[\r\n]")) | "--env", .key]
  + [.image] + (.command // [])
  | .[] + "\u0000"'

# Values with line breaks do not fit into the file of --env-file and travel in the environment of the docker command, where these would act on it.
ACTING='^(PATH|HOME|USER|TMPDIR|BASH_.*|ENV|IFS|LD_.*|GO[A-Z0-9]*|DOCKER_.*|BUILDKIT_.*|SSL_.*|[A-Za-z]*_[Pp][Rr][Oo][Xx][Yy])$'

# start_entry ENTRY NAME: the image, the container, its start; or a file in failed with the reason.
start_entry() {
  local entry=$1 name=$2 image wrong arguments=() lines
  wrong=$(printf '%s' "$entry" | jq --raw-output "$ENTRY_IS_WRONG") || wrong='jq cannot read it'
  if [[ -n $wrong ]]; then
    failed "$name" "$wrong"
    return
  fi
  image=$(printf '%s' "$entry" | jq --raw-output .image)
  if ! docker image inspect "$image" >/dev/null 2>&1; then
    say "$name: pulling $image"
    if ! timeout "$PULL_SECONDS" docker pull --quiet "$image" >/dev/null 2>"$state/error.$name"; then
      failed "$name" "the image $image cannot be pulled: $(error_of "$name" "$entry")"
      return
    fi
  fi
  # Taken back meanwhile, or the agent is gone, which takes no care of it any more.
  [[ -e $state/starting/$name ]] && kill -0 $$ 2>/dev/null || return 0
  mapfile -d '' -t arguments < <(printf '%s' "$entry" | jq --join-output --arg deployment "$DEPLOYMENT" --arg network "$NETWORK" "$ENTRY_ARGUMENTS")
  lines=$(printf '%s' "$entry" | jq --raw-output '.env // {} | to_entries[] | select(.value | test("[\r\n]") | not) | "\(.key)=\(.value)"')
  : >"$state/creating/$name"
  if create_container "$entry" "${arguments[@]}" 3< <(printf '%s\n' "$lines") >/dev/null 2>"$state/error.$name" &&
    timeout 60 docker start "$name" >/dev/null 2>"$state/error.$name"; then
    say "$name: started from $image"
  else
    failed "$name" "$(error_of "$name" "$entry")"
    # Its container, if there is one by now: what is reported is the failure.
    remove_container "$name"
  fi
  rm -f "$state/creating/$name"
}

# create_container ENTRY ARGUMENTS…: with descriptor 3 for --env-file.
create_container() (
  local entry=$1 variable value
  shift
  while IFS= read -r -d '' variable && IFS= read -r -d '' value; do
    [[ ! $variable =~ $ACTING ]] || {
      printf 'the value of %s has a line break, which this agent cannot pass on' "$variable" >&2
      exit 1
    }
    export "$variable=$value"
  done < <(printf '%s' "$entry" | jq --join-output '.env // {} | to_entries[] | select(.value | test("[\r\n]")) | .key + "\u0000" + .value + "\u0000"')
  exec timeout 60 docker create "$@"
)

# What the docker command said, without any value of env.
error_of() {
  local text value
  text=$(head -c 2000 "$state/error.$1")
  rm -f "$state/error.$1"
  while IFS= read -r -d '' value; do text=${text//"$value"/***}; done < <(
    printf '%s' "$2" | jq --join-output '.env // {} | to_entries[] | .value | select(length > 3) | . + "\u0000"'
  )
  text=${text//$'\n'/ }
  printf '%s' "${text:0:500}"
}

failed() {
  say "$1: not started: $2"
  : >"$state/failed/$1"
}

# remove_container NAME: with its anonymous volumes, and only one that carries this deployment's label.
remove_container() {
  local label
  label=$(timeout 20 docker container inspect --format '{{index .Config.Labels "slipway-deployment"}}' "$1" 2>/dev/null) || return 0
  [[ $label == "$DEPLOYMENT" ]] || return 0
  if timeout 60 docker rm --force --volumes "$1" >/dev/null 2>&1; then say "$1: removed"; else say "$1: could not be removed; it is tried again"; fi
}

# work NAME COMMAND…: in the background, once at a time for each name, in a process group of its own.
work() {
  local name=$1
  shift
  [[ -z ${workers[$name]:-} ]] || ! kill -0 "${workers[$name]}" 2>/dev/null || return 0
  set -m
  (
    trap - TERM INT EXIT ERR
    set +e
    "$@"
  ) </dev/null &
  workers[$name]=$!
  set +m
}

start_worker() {
  start_entry "$@"
  rm -f "$state/starting/$2"
}

declare -A workers=()

# Of the file answer. What is listed already, is being started, or has failed and was not yet asked to go, is left alone.
start_what_is_asked() {
  local count index entry name
  count=$(jq '.start // [] | length' "$state/answer")
  for ((index = 0; index < count; index++)); do
    entry=$(jq --compact-output ".start[$index]" "$state/answer")
    name=$(printf '%s' "$entry" | jq --raw-output 'if type == "object" and (.name | type) == "string" then .name else "" end')
    if ! [[ $name =~ $NAME ]]; then
      say 'an entry without a usable name is left out'
      continue
    fi
    [[ ! -e $state/starting/$name && ! -e $state/failed/$name ]] || continue
    ! jq --exit-status --arg name "$name" 'any(.[]; .name == $name)' "$state/containers" >/dev/null || continue
    : >"$state/starting/$name"
    work "$name" start_worker "$entry" "$name"
  done
}

remove_what_is_asked() {
  local name
  while IFS= read -r name; do
    [[ $name =~ $NAME ]] || continue
    rm -f "$state/failed/$name"
    if [[ -e $state/starting/$name && ! -e $state/creating/$name ]]; then
      rm -f "$state/starting/$name"
      [[ -z ${workers[$name]:-} ]] || kill -KILL -- "-${workers[$name]}" 2>/dev/null || true
    fi
    work "remove.$name" remove_container "$name"
  done < <(jq --raw-output '.remove // [] | .[]' "$state/answer")
}

# pull_ahead: the images of the answer, one after the other, again every hour for tags that move.
pull_ahead() {
  local images
  images=$(jq --raw-output '.images // [] | unique[] | select(test("^[A-Za-z0-9]\\S*$"))' "$state/answer")
  [[ $images != "$images_ahead" ]] || ((SECONDS >= pulled_until)) || return 0
  images_ahead=$images
  pulled_until=$((SECONDS + 3600))
  [[ -z $images ]] || work pull pull_images "$images"
}

pull_images() {
  local image
  while IFS= read -r image; do
    timeout "$PULL_SECONDS" docker pull --quiet "$image" >/dev/null 2>&1 || say "the image $image cannot be pulled ahead"
  done < <(printf '%s\n' "$1")
}

images_ahead=''
pulled_until=0

# Of the file containers: kills what is over its time, and starts what was created and not started, by an agent that was killed then.
mend_containers() {
  local what name
  while read -r what name; do
    case $what in
      kill) work "kill.$name" kill_container "$name" ;;
      start) [[ -e $state/starting/$name ]] || work "$name" start_created "$name" ;;
    esac
  done < <(jq --raw-output '
    def seconds: sub("\\.[0-9]+"; "") | fromdateiso8601;
    .[] | if .status == "created" then "start \(.name)"
      elif (.status == "running" or .status == "paused" or .status == "restarting") and (.timeout // "" | test("^[0-9]+$"))
        and ((.started_at | seconds) + (.timeout | tonumber) < now) then "kill \(.name)"
      else empty end' "$state/containers")
}

kill_container() {
  say "$1: over its time, killed"
  timeout 60 docker kill "$1" >/dev/null 2>&1 || true
}

# Never one that has run: it is asked again, because the list is some moments old.
start_created() {
  [[ $(timeout 20 docker container inspect --format '{{.State.Status}}' "$1" 2>/dev/null) == created ]] || return 0
  say "$1: created and not started; started now"
  timeout 60 docker start "$1" >/dev/null 2>&1 || remove_container "$1"
}

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
