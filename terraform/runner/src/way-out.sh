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
