# The metadata server holds the JIT config and, where the VM has a service account, its token. Root alone may talk to it: not the
# runner's user, and neither the subordinate ids that containers without root run under, which a rule about the one user
# would let pass. DNS (53) and time (123) live at the same address and stay open for all. Refused and not dropped, so that what asks gets
# its answer at once: OS Login's name service asks from any process.
# Containers of Docker are forwarded and not sent by a process of this machine: hence the second chain.
metadata_rules() {
  cat <<'RULES'
table inet slipway
delete table inet slipway
table inet slipway {
  set metadata4 { type ipv4_addr; elements = { 169.254.169.254 } }
  set metadata6 { type ipv6_addr; elements = { fd20:ce::254 } }
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

# No block, no runner.
block_metadata() {
  ensure_package nft nftables
  metadata_rules | nft --file - || fail "nftables refused the rules that keep jobs from the metadata server"
}
