#!/usr/bin/env bash
# Makes startup.sh, persistent.sh, docker-host.sh, startup.ps1 and cloud-init.yaml from src/: metadata holds one script, that has to have all it needs.
# assemble.sh [FOLDER]: into FOLDER, this one by default.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=${1:-$here}

# assemble WHAT PARTS…
assemble() {
  printf '#!/usr/bin/env bash\n# %s\n# Assembled from src/ by assemble.sh: change it there.\nset -Eeuo pipefail\n' "$1"
  shift
  local part
  for part in "$@"; do
    printf '\n'
    cat "$part"
  done
}

assemble_windows() {
  printf '# %s\n# Assembled from src/windows by assemble.sh: change it there.\n' "$1"
  printf "Set-StrictMode -Version 3.0\n\$ErrorActionPreference = 'Stop'\n"
  shift
  local part
  for part in "$@"; do
    printf '\n'
    cat "windows/$part.ps1"
  done
}

embed_hook() {
  printf '# The hook that runs before each job.\ninstall_job_started() {\n'
  printf "  mkdir -p \"\$LIB_DIR\"\n  cat >\"\$LIB_DIR/job-started.sh\" <<'JOB_STARTED'\n"
  cat "$here/job-started.sh"
  printf 'JOB_STARTED\n'
  printf "  chmod 0755 \"\$LIB_DIR/job-started.sh\"\n}\n"
}

cd "$here/src"
common=(way-out.sh packages.sh package.sh firewall.sh guard.sh docker.sh docker-plugins.sh boot-times.sh supervise.sh unit.sh)
begin=(pins.sh places.sh runner-places.sh console.sh metadata.sh)
assemble 'Startup script of a VM with an ephemeral runner (README.md).' "${begin[@]}" ec2.sh "${common[@]}" boot-script.sh hooks.sh sudo.sh standby.sh startup.main.sh >"$target/startup.sh"
assemble 'Startup script of a persistent VM (README.md).' "${begin[@]}" "${common[@]}" boot-script.sh hooks.sh <(embed_hook) persistent.main.sh >"$target/persistent.sh"
assemble 'The agent of a Docker host, and the startup script of a VM that is one (README.md).' \
  places.sh console.sh metadata.sh way-out.sh packages.sh firewall.sh boot-script.sh host-settings.sh host-sync.sh host-containers.sh docker-host.main.sh >"$target/docker-host.sh"
assemble_windows 'Startup script of a VM with Windows and an ephemeral runner (README.md), for Windows PowerShell 5.1. Not tested on a VM: parsed and checked only.' \
  places console metadata user package scripts supervise main >"$target/startup.ps1"
{
  printf '#cloud-config\n# startup.sh for an image with cloud-init, as the metadata attribute user-data. Assembled by assemble.sh.\n'
  printf 'write_files:\n  # Runs at every boot, as a startup script does.\n'
  printf '  - path: /var/lib/cloud/scripts/per-boot/slipway-runner\n    permissions: "0755"\n    content: |\n'
  sed 's/^\(.\)/      \1/' "$target/startup.sh"
} >"$target/cloud-init.yaml"
chmod 0755 "$target/startup.sh" "$target/persistent.sh" "$target/docker-host.sh"
