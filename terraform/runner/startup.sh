#!/usr/bin/env bash
# Startup script of a VM with an ephemeral runner (README.md).
# Assembled from src/ by assemble.sh: change it there.
set -Eeuo pipefail

# The actions runner that is installed where the image has none. GitHub refuses a runner 30 days after a newer release:
# raise the version and both checksums together (they are in the release's notes), or set the metadata attributes
# slipway-runner-version and slipway-runner-sha256-x64 / -arm64.
# https://github.com/actions/runner/releases
RUNNER_VERSION=2.338.0
RUNNER_SHA256_X64=af4b794c1bc41d73d40535e3fe092a39f9679cd8d965954c2aca25a05ca41d32
RUNNER_SHA256_ARM64=628b4a7258487b80c1d3c221095a7ded349f5ae0175fd3dfab708d07428f041b

# Where things are. These variables of the environment are for the tests alone: on a VM nobody sets them.
ROOT=${SLIPWAY_ROOT:-}
METADATA_URL=${SLIPWAY_METADATA_URL:-http://169.254.169.254/computeMetadata/v1}
RETRY_SECONDS=${SLIPWAY_RETRY_SECONDS:-2}
LIB_DIR=$ROOT/usr/local/lib/slipway
UNIT_DIR=$ROOT/run/systemd/system
BOOT_UNIT_DIR=$ROOT/etc/systemd/system

# The same for the runner.
RELEASES_URL=${SLIPWAY_RELEASES_URL:-https://github.com/actions/runner/releases/download}
TICK_SECONDS=${SLIPWAY_TICK_SECONDS:-1}
GRACE_SECONDS=${SLIPWAY_GRACE_SECONDS:-}
RUNNER_USER=runner
RUNNER_DIR=$ROOT/opt/actions-runner
RUNNER_LOG=$ROOT/var/log/slipway-runner.log
STATE_DIR=$ROOT/var/lib/slipway
OFFLINE_FLAG=$RUNNER_DIR/.slipway-offline

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

# The other cloud. On EC2 this script is itself the user data, and the control plane puts lines before it that set shell variables:
# SLIPWAY_CLOUD=ec2, SLIPWAY_JITCONFIG, SLIPWAY_LIFE_SECONDS, SLIPWAY_DEPLOYMENT, SLIPWAY_POOL, SLIPWAY_RUNNER, and as SLIPWAY_<NAME> whatever is
# the attribute slipway-<name> on Google Cloud. They are not exported, so no other process sees them.
IMDS_URL=${SLIPWAY_IMDS_URL:-http://169.254.169.254/latest}
SPOT_POLL_SECONDS=${SLIPWAY_SPOT_POLL_SECONDS:-5}

# EC2 terminates a spot VM two minutes after its notice.
SPOT_NOTICE_SECONDS=130

# imds PATH: prints the value. Ends with 4 when there is none, with 1 when the service does not say. The template asks for IMDSv2, so each
# question needs a token; one for each is cheaper than to know when it ends.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
imds() {
  local token reply ask=(curl --silent --noproxy '*' --connect-timeout 2 --max-time 10)
  token=$("${ask[@]}" --fail --request PUT --header 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$IMDS_URL/api/token") || return 1
  # The token is good on this VM alone, but command lines can be read by all.
  reply=$("${ask[@]}" --header @- --write-out '\n%{http_code}' "$IMDS_URL/meta-data/$1" <<<"X-aws-ec2-metadata-token: $token") || return 1
  case ${reply##*$'\n'} in
    200) printf '%s' "${reply%$'\n'*}" ;;
    404) return 4 ;;
    *) return 1 ;;
  esac
}

# There is no maxRunDuration on EC2: systemd powers off at the end of the VM's time, counted from its boot, also when this script hangs, and
# the shutdown behaviour of the template deletes what is off. What boots a second time has lost that timer, and its runner: it is powered
# off by cloud-init, which runs this script at the first boot alone. -i: no inhibitor lock of a job holds it up.
bound_life() {
  local seconds=${SLIPWAY_LIFE_SECONDS:-} again=$ROOT/var/lib/cloud/scripts/per-boot/slipway-end
  if [[ $seconds =~ ^[1-9][0-9]{0,8}$ ]]; then
    if systemd-run --quiet --collect --unit slipway-life --on-boot "$seconds" systemctl poweroff -i &&
      mkdir -p "${again%/*}" && printf '#!/bin/sh\nexec systemctl poweroff -i\n' >"$again" && chmod 0700 "$again"; then
      return
    fi
    why='systemd did not take the timer that ends this VM'
  else
    why="found SLIPWAY_LIFE_SECONDS=$seconds, expected a number of seconds"
  fi
  say "power off: $why; a VM that nothing ends is not left on"
  power_off
  exit 1
}

# cloud-init keeps the user data, and so the JIT config, in several files: they are root's alone already, and stay so whatever an image does.
close_user_data() {
  local path
  for path in "$ROOT/var/lib/cloud/instances" "$ROOT/run/cloud-init/instance-data-sensitive.json"; do
    [[ ! -e $path ]] || chmod go= "$path" || fail "the rights on $path could not be taken away: it holds the JIT config"
  done
}

ec2_attribute() {
  local name=${1^^}
  name=${name//-/_}
  [[ -n ${!name:-} ]] || return 4
  printf '%s' "${!name}"
}

# Until the notice there is nothing at this path.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
ec2_watch_preemption() {
  until imds spot/instance-action >/dev/null; do sleep "$SPOT_POLL_SECONDS"; done
  kill -USR1 "$1"
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

# The actions runner and the user that it runs as.

# Before a command: runs it as the runner's user. setpriv replaces itself by the command, so that signals meet that.
AS_RUNNER=(setpriv --reuid "$RUNNER_USER" --regid "$RUNNER_USER" --init-groups --)

ensure_user() {
  id -u "$RUNNER_USER" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash "$RUNNER_USER"
}

install_dependencies() {
  (cd "$RUNNER_DIR" && DEBIAN_FRONTEND=noninteractive ./bin/installdependencies.sh) >/dev/null 2>&1
}

# As the runner's user, and nothing but a version: a job may have put a link to somebody else's file there.
installed_version() {
  local version
  version=$("${AS_RUNNER[@]}" head -c 32 "$RUNNER_DIR/.slipway-version" 2>/dev/null) || true
  [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || version=unknown
  printf '%s' "$version"
}

refused_here='' # a version that GitHub has refused on this VM

# Whether GitHub refuses the version, as far as the control plane or this VM knows. Ends with 2 when slipway-runner-version is a demand, and
# not just the version that the control plane knows as the current one.
is_refused() {
  setting slipway-runner-refused ''
  [[ -n $REPLY ]] || return 2
  [[ " ${REPLY//,/ } $refused_here " == *" $1 "* ]]
}

# Where GitHub has refused the runner before it had a job, and the control plane has named a newer one: that takes its place.
replace_refused_runner() {
  local have current
  have=$(installed_version)
  setting slipway-runner-version ''
  current=$REPLY
  [[ -n $current && $current != "$have" && -z $refused_here ]] || return 1
  is_refused "$have" || [[ $? == 1 ]] || return 1
  say "GitHub refuses the runner $have: $current takes its place"
  refused_here=$have
  install_runner
}

# What the image has is taken, unless the attribute asks for another version, or GitHub refuses the image's. Not so where a runner has run before: a job can change
# everything in the runner's folder, and what is registered anew gets a registration token.
install_runner() {
  local wanted have='' version arch sha code=0
  if [[ -f $RUNNER_DIR/.runner ]]; then
    say "the runner is installed and registered; it keeps itself up to date"
    return
  fi
  setting slipway-runner-version ''
  wanted=$REPLY
  if [[ -e $STATE_DIR/registered ]]; then
    say "the runner's folder has lost its registration; what is in it is not trusted, and replaced"
  elif [[ -x $RUNNER_DIR/run.sh ]]; then
    have=$(installed_version)
  fi
  if [[ -n $have && (-z $wanted || $wanted == "$have") ]]; then
    say "the image has the runner (version $have)"
    return
  fi
  if [[ -n $have ]]; then
    is_refused "$have" || code=$?
    if ((code == 1)); then
      say "the image has the runner (version $have), which GitHub takes; the current one is $wanted"
      return
    fi
  fi

  version=${wanted:-$RUNNER_VERSION}
  [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "found slipway-runner-version=$version, expected a version such as $RUNNER_VERSION"
  case $(uname -m) in
    x86_64) arch=x64 sha=$RUNNER_SHA256_X64 ;;
    aarch64 | arm64) arch=arm64 sha=$RUNNER_SHA256_ARM64 ;;
    *) fail "there is no actions runner for the architecture $(uname -m): expected x86_64 or aarch64" ;;
  esac
  [[ $version == "$RUNNER_VERSION" ]] || sha=''
  setting "slipway-runner-sha256-$arch" "$sha"
  sha=$REPLY
  [[ $sha =~ ^[0-9a-f]{64}$ ]] || fail "runner $version needs its checksum: set slipway-runner-sha256-$arch to 64 hexadecimal digits"
  download_runner "$version" "$arch" "$sha"
}

download_runner() {
  local version=$1 arch=$2 sha=$3 try file="$RUNNER_DIR.tar.gz" tries=5
  local url=$RELEASES_URL/v$version/actions-runner-linux-$arch-$version.tar.gz
  mkdir -p "$(dirname "$RUNNER_DIR")"
  for ((try = 1; ; try++)); do
    if curl --fail --silent --location --connect-timeout 10 --max-time 300 --output "$file" "$url"; then break; fi
    say "the download of $url failed (try $try of $tries)"
    ((try < tries)) || fail "the runner could not be downloaded: the VM needs to reach github.com (Cloud NAT or an external address), or an image with the runner"
    sleep "$RETRY_SECONDS"
  done
  printf '%s  %s\n' "$sha" "$file" | sha256sum --check --status ||
    fail "the checksum of $url is wrong: expected $sha, found $(sha256sum "$file" | cut -d' ' -f1); nothing of it was run"
  rm -rf --one-file-system "$RUNNER_DIR"
  mkdir -p "$RUNNER_DIR"
  tar --extract --gzip --no-same-owner --file "$file" --directory "$RUNNER_DIR"
  rm -f "$file"
  printf '%s\n' "$version" >"$RUNNER_DIR/.slipway-version"
  # The runner says itself what it misses, if the image has it not and the mirrors are out of reach.
  retry install_dependencies || say "the runner's own dependencies could not be installed; it may run without"
  chown -R "$RUNNER_USER:$RUNNER_USER" "$RUNNER_DIR"
  chmod 0750 "$RUNNER_DIR"
  say "runner $version installed"
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

# Docker, if the attribute slipway-docker asks for it. Who may use Docker is root: with `docker run --network host` a job can reach the
# metadata server, whatever the rules say. So leave such VMs without a service account, as all of them should be.
install_docker() {
  setting slipway-docker false
  [[ $REPLY == true ]] || return 0
  ensure_package docker docker.io docker-cli # Debian 13 has the command in a package of its own
  install_docker_plugins
  usermod --append --groups docker "$RUNNER_USER"
}

start_docker() {
  setting slipway-docker false
  [[ $REPLY == true ]] || return 0
  systemctl start docker || fail "Docker did not start"
  block_metadata_for_docker || say "Docker has no chain DOCKER-USER; the rules of nftables keep its networks from the metadata server"
}

# The plug-ins buildx and compose of Docker. Debian and Ubuntu call their packages differently, and Debian 12 has none of the two.

# Installs what is missing and known to apt; the rest is said, and jobs that need none go on.
install_docker_plugins() {
  ensure_docker_plugin buildx docker-buildx docker-buildx-plugin
  ensure_docker_plugin compose docker-compose-v2 docker-compose-plugin docker-compose
}

# ensure_docker_plugin PLUGIN PACKAGES…
ensure_docker_plugin() {
  local plugin=$1 package
  shift
  ! docker "$plugin" version >/dev/null 2>&1 || return 0
  for package in "$@"; do
    [[ -n $(apt-cache policy "$package" 2>/dev/null) ]] || continue
    say "installing $package"
    retry install_package "$package" || continue
    ! docker "$plugin" version >/dev/null 2>&1 || return 0
  done
  say "Docker has no plug-in $plugin, and this system no package with it: bake it into the image, or let the job install it"
}

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

# One runner from its start to its end. What it prints goes to a file first, because a slow console must not hold it up, and because
# its lines tell whether it has a job.

# With ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE the exit status tells; older runners have but the line. It is believed as a whole
# line and before there was a job: the name of a job may read like it, on a line of its own too.
DEPRECATED_STATUS=7
DEPRECATED_LINE='^(An error occur+ed: )?Runner version v?[0-9.]+ is deprecated and cannot receive messages\.?$'
runner_pid=''
runner_log=''
partial=''
stopping='' # why the runner was told to end
deadline=0
busy_at=0 # when there was last a job, in seconds of this shell
jobs_seen=0
deprecated=''

# launch ENVIRONMENT…: run.sh as the runner's user. Secrets travel in the environment, which only that user and root can read;
# command lines can be read by all. The runner takes ACTIONS_RUNNER_INPUT_<ARGUMENT> from there and keeps it from its jobs' environment.
# https://github.com/actions/runner/blob/main/src/Runner.Listener/CommandSettings.cs
launch() {
  [[ -z $runner_log ]] || exec {runner_log}<&-
  runner_pid='' partial='' stopping='' deprecated='' jobs_seen=0
  (umask 077 && : >"$RUNNER_LOG")
  # Without job control bash starts a child with SIGINT ignored, and it could never be told to end.
  set -m
  (
    cd "$RUNNER_DIR"
    # run.sh hands a signal on, and its exit status is the runner's.
    # shellcheck disable=SC2163 # each argument is NAME=value
    export "$@"
    export RUNNER_MANUALLY_TRAP_SIG=1 ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE=1
    export HOME="/home/$RUNNER_USER" USER="$RUNNER_USER" LOGNAME="$RUNNER_USER"
    exec "${AS_RUNNER[@]}" ./run.sh
  ) >>"$RUNNER_LOG" 2>&1 9>&- </dev/null &
  runner_pid=$!
  exec {runner_log}<"$RUNNER_LOG"
}

# SIGINT makes the runner cancel its job, so that GitHub says within seconds that the runner was shut down, and not after ten
# minutes that it was lost. An idle one stops asking for jobs.
stop() {
  [[ -z $stopping ]] || return 0
  stopping=$1
  deadline=$((SECONDS + $2))
  say "$stopping; the runner is told to end and has $2 s"
  kill -INT "$runner_pid" 2>/dev/null || true
}

read_runner_lines() {
  local line
  while IFS= read -r line <&"$runner_log" || { partial+=$line && false; }; do
    line=$partial$line
    partial=''
    relay "$line"
    [[ ! $line =~ ^[0-9-]+\ [0-9:]+Z:\ Listening\ for\ Jobs ]] || listener_up
    if [[ $line =~ ^[0-9-]+\ [0-9:]+Z:\ Running\ job: ]]; then
      jobs_seen=$((jobs_seen + 1))
      busy_at=$SECONDS
    elif ((jobs_seen == 0)) && [[ $line =~ $DEPRECATED_LINE ]]; then
      deprecated=yes
    fi
  done
}

# The runner starts one Runner.Worker per job. Its own updates put it into bin.<version>.
works() {
  pgrep --full "$RUNNER_DIR/bin[^ ]*/Runner\.Worker" >/dev/null
}

# supervise IDLE_SECONDS GRACE_SECONDS: returns when the runner has ended, 0 if in good order; sets why. Without IDLE_SECONDS
# (0) the runner may wait for ever.
supervise() {
  local idle=$1 grace=$2 preemption offline working code=0
  busy_at=$SECONDS
  trap 'stop "the VM is shutting down" '"$grace" TERM INT
  trap 'stop "the spot VM is being preempted" 20' USR1
  "${CLOUD}_watch_preemption" $$ </dev/null >/dev/null 2>&1 &
  preemption=$!
  disown "$preemption" # or bash reports its end

  while kill -0 "$runner_pid" 2>/dev/null; do
    # In this order: the flag is set while a worker runs, and what a worker that is gone has written is read before anything is decided.
    offline='' working=''
    if [[ -e $OFFLINE_FLAG ]]; then offline=yes; fi
    if works; then working=yes; fi
    read_runner_lines
    if [[ -n $working ]]; then
      busy_at=$SECONDS
    elif [[ -n $offline ]]; then
      stop "a job's hook took the runner offline" "$grace"
    elif ((idle > 0 && SECONDS - busy_at >= idle)); then
      stop "no job for $idle s" "$grace"
    fi
    if [[ -n $stopping ]] && ((SECONDS >= deadline)); then
      say "the runner did not end in time and is killed"
      kill -KILL -- "-$runner_pid" 2>/dev/null || true
      break
    fi
    sleep "$TICK_SECONDS" &
    wait $! || true
  done

  kill -KILL -- "-$preemption" 2>/dev/null || true
  wait "$runner_pid" || code=$?
  read_runner_lines
  [[ -z $partial ]] || relay "$partial"
  conclude "$code"
}

conclude() {
  local code=$1
  [[ $code != "$DEPRECATED_STATUS" ]] || deprecated=yes
  if [[ -n $deprecated ]]; then
    say "runner-deprecated: GitHub refuses this version of the runner; raise slipway-runner-version and its checksum, or bake a new image"
    why='the runner is deprecated'
  elif [[ -n $stopping ]]; then
    why=$stopping
    return 0
  elif ((code != 0)); then
    why="the runner failed with exit status $code after $jobs_seen job(s)"
  elif ((jobs_seen == 0)); then
    why='the runner ended without a job'
  else
    why='the runner has run its job'
    return 0
  fi
  return 1
}

# The end of the runner's own logs, at most 64 KB of each. Read as its user: a job could have put a link to somebody else's file there, or
# one line without an end. What a job left running is the same user: it can stop what reads, or hold its pipe, so that this waits 15 s at most.
show_diagnostics() {
  local lines=$1 line until=$((SECONDS + 15))
  ((lines > 0)) || return 0
  # shellcheck disable=SC2016 # that shell expands it
  while ((SECONDS < until)) && IFS= read -r -t 5 line; do relay "$line"; done < <(
    "${AS_RUNNER[@]}" timeout 10 bash -c 'for kind in Runner Worker; do
      file=$(ls -t "$1/_diag/${kind}_"*.log 2>/dev/null | head -n 1)
      [ -z "$file" ] || { echo "== the last $2 lines of $file"; tail -c 65536 "$file" | tail -n "$2"; }
    done' - "$RUNNER_DIR" "$lines" 2>&1
  )
}

# enter_unit SCRIPT UNIT_SETTING SERVICE_SETTING: where systemd runs, the script goes on in a service of its own. The startup script's own service lets its children be
# at a shutdown until all else is gone, the network too; this one is stopped before the network, and has time to end the runner.
# Out of memory, the kernel ends a process of the job; without OOMPolicy systemd would then end the runner, and this script with it.
enter_unit() {
  local name=$1
  [[ -d $UNIT_DIR ]] || return 0
  install -D --mode 0700 "${BASH_SOURCE[0]}" "$LIB_DIR/$name"
  cat >"$UNIT_DIR/slipway-runner.service" <<UNIT
[Unit]
Description=Slipway: runs the GitHub Actions runner
Wants=network-online.target
After=network-online.target docker.service
$2

[Service]
ExecStart=$LIB_DIR/$name --run
KillMode=mixed
TimeoutStopSec=90
OOMPolicy=continue
$3
UNIT
  if systemctl daemon-reload && systemctl start --no-block slipway-runner.service; then exit 0; fi
  say 'systemd did not take the service; the runner runs under the startup script itself'
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

# Scripts before and after each job, from metadata attributes.

# NAME=value for the runner's environment.
hook_variables=()

# GitHub's hooks, as the runner's user. A hook that fails fails the job.
# https://docs.github.com/en/actions/how-tos/manage-runners/self-hosted-runners/run-scripts
install_hooks() {
  local event file
  for event in started completed; do
    setting "slipway-hook-job-$event" ''
    # The runner takes a path that ends in .sh alone.
    file=$LIB_DIR/hook-job-$event.sh
    if [[ -z $REPLY ]]; then
      rm -f "$file" # of an earlier boot
      continue
    fi
    write_script "$file" 0755 "$REPLY"
    hook_variables+=("ACTIONS_RUNNER_HOOK_JOB_${event^^}=$file")
  done
}

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

# The VM of an ephemeral runner: one boot, one runner, one job, power off. Whatever happens, it ends with the power off: a VM
# that is on costs money, and the control plane counts it as capacity.

: "${GRACE_SECONDS:=20}" # a spot VM has 30 seconds, all told
diag_lines=50

end() {
  local code=$?
  trap - ERR EXIT TERM INT USR1
  set +e
  [[ -z $runner_pid ]] || show_diagnostics "$diag_lines"
  if [[ -n $standby && -z $secret && $code != 0 ]]; then report "failed: ${why:-the script ended with status $code}"; fi
  say "power off: ${why:-the script ended with status $code}"
  # EC2 says why a VM ended: of one that powers itself off after its notice nobody could tell that it was interrupted.
  if [[ $CLOUD == ec2 && $stopping == 'the spot VM is being preempted' ]]; then sleep "$SPOT_NOTICE_SECONDS"; fi
  power_off
  exit "$code"
}

take_jit_config() {
  local code=0
  if [[ $CLOUD == ec2 ]]; then
    secret=${SLIPWAY_JITCONFIG:-}
    SLIPWAY_JITCONFIG=''
    close_user_data
    # This copy is read to its end already, and nothing starts it again.
    rm -f "$LIB_DIR/startup.sh"
    [[ -n $secret ]] || fail 'no JIT config: expected it in the variable SLIPWAY_JITCONFIG; the control plane puts it before this script in the user data'
    return
  fi
  secret=$(metadata instance/attributes/slipway-jit-config) || code=$?
  [[ $code != 1 ]] || fail "no JIT config: the metadata server did not answer in $METADATA_TRIES tries"
  if [[ -n $secret ]]; then return; fi
  setting slipway-standby ''
  case $REPLY in
    stopped | suspended) standby=$REPLY ;;
    *) fail 'no JIT config: expected it in the metadata attribute slipway-jit-config; the control plane puts it there when it creates the VM' ;;
  esac
}

run() {
  trap end EXIT
  trap 'fail "the VM is shutting down"' TERM INT
  trap_errors
  if [[ $CLOUD == ec2 ]]; then
    say "starting on $(imds instance-id || uname -n) as ${SLIPWAY_RUNNER:-no runner} (pool ${SLIPWAY_POOL:-unknown}, deployment ${SLIPWAY_DEPLOYMENT:-unknown})"
  else
    say "starting on $(uname -n)"
  fi
  earlier_steps
  take_jit_config
  take_way_out
  step_done metadata
  number slipway-idle-seconds 900
  local idle=$REPLY
  number slipway-diag-lines 50
  diag_lines=$REPLY
  block_metadata
  ensure_user
  guard_boots || say 'systemd did not take what keeps the runner from the metadata server from the next boot on'
  install_runner
  install_docker
  start_docker
  grant_sudo
  install_hooks
  run_boot_script
  step_done runner
  if [[ -n $standby ]]; then stand_by; fi
  local code=0
  launch "ACTIONS_RUNNER_INPUT_JITCONFIG=$secret" "${hook_variables[@]}"
  say "the runner is started; without a job for $idle s it goes"
  supervise "$idle" "$GRACE_SECONDS" || code=$?
  if [[ -n $deprecated ]] && replace_refused_runner; then
    why='' code=0
    # The registration is good until there was a job.
    launch "ACTIONS_RUNNER_INPUT_JITCONFIG=$secret" "${hook_variables[@]}"
    supervise "$idle" "$GRACE_SECONDS" || code=$?
  fi
  return "$code"
}

# For an image: everything that does not differ from VM to VM. Wants the same attributes on the VM that builds it.
bake() {
  trap_errors
  trap 'say "not baked: $why"' EXIT
  ensure_user
  install_runner
  ensure_package nft nftables
  install_docker
  warm_up
  trap - EXIT
  say 'baked'
}

open_console
case ${1:-} in
  '')
    [[ $CLOUD != ec2 ]] || bound_life
    # Also when this script itself is killed.
    enter_unit startup.sh FailureAction=poweroff ''
    run
    ;;
  --run) run ;;
  --bake) bake ;;
  *)
    why="found the argument $1, expected none, --run or --bake"
    say "$why"
    exit 2
    ;;
esac
