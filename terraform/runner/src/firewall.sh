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
