#!/usr/bin/env bash
# Leaves out of an image what costs time at each boot of a VM that lives for one job: snap, cloud-init, unattended upgrades, apt's timers.
# Run by runner.pkr.hcl as root, before the image is made.
set -euo pipefail

# purge PACKAGE…: those that the image has.
purge() {
  local package present=()
  for package in "$@"; do
    if dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed; then present+=("$package"); fi
  done
  if ((${#present[@]} > 0)); then DEBIAN_FRONTEND=noninteractive apt-get purge --yes --autoremove "${present[@]}"; fi
}

# Ubuntu's network settings are cloud-init's, and name the network card of the VM that builds the image: these fit any card.
if [[ -d /etc/netplan ]] && dpkg-query --show cloud-init >/dev/null 2>&1; then
  rm -f /etc/netplan/50-cloud-init.yaml
  (umask 077 && printf 'network:\n  version: 2\n  ethernets:\n    any:\n      match: {name: "e*"}\n      dhcp4: true\n      dhcp6: true\n' >/etc/netplan/50-slipway.yaml)
  netplan generate
fi

purge snapd unattended-upgrades cloud-init apport update-notifier-common ubuntu-pro-client popularity-contest
rm -rf /var/lib/snapd /snap /var/cache/snapd

# Masked rather than disabled: an upgrade of the package does not bring them back.
for unit in apt-daily.timer apt-daily-upgrade.timer apt-daily.service apt-daily-upgrade.service man-db.timer motd-news.timer \
  fwupd-refresh.timer e2scrub_all.timer dpkg-db-backup.timer; do
  if systemctl list-unit-files "$unit" --no-legend | grep -q .; then systemctl mask "$unit"; fi
done

apt-get clean
rm -rf /var/lib/apt/lists/*
