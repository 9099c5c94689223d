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
