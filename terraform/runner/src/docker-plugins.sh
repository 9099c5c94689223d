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
