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
