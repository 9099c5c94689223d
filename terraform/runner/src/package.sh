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
