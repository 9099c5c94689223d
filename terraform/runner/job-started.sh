#!/usr/bin/env bash
# Before each job of a persistent runner (ACTIONS_RUNNER_HOOK_JOB_STARTED), as its user: removes what former jobs left, then wants
# free space. Too little: the job fails with that message, and the runner goes offline when it has ended.
# The hook runs before the job's own containers are started, and after its actions and its event were put into _actions and _temp.
# https://docs.github.com/en/actions/how-tos/manage-runners/self-hosted-runners/run-scripts
set -euo pipefail

work=${SLIPWAY_WORK_DIR:-/opt/actions-runner/_work}
minimum=${SLIPWAY_MIN_FREE_GB:-10}

has_docker() {
  command -v docker >/dev/null && docker info >/dev/null 2>&1
}

# Module caches are read-only for their owner, too.
remove() {
  rm -rf --one-file-system "$@" 2>/dev/null && return
  chmod -R u+rwX "$@" 2>/dev/null || true
  rm -rf --one-file-system "$@" 2>/dev/null || echo "::warning title=Slipway::could not remove all of $*: files of another user, from a container perhaps; they go at the VM's next start"
}

# The job's own folders stay, empty; _temp and _actions are of this job already; _tool is the cache that a persistent VM is for.
clean_workspace() {
  local folder
  for folder in "$work"/* "$work"/.[!.]*; do
    case $(basename "$folder") in _temp | _actions | _tool | _PipelineMapping) continue ;; esac
    [[ -e $folder || -L $folder ]] || continue
    if [[ $folder == "${RUNNER_WORKSPACE:-}" ]]; then
      while IFS= read -r -d '' entry; do
        [[ $entry == "${GITHUB_WORKSPACE:-}" ]] || remove "$entry"
      done < <(find "$folder" -mindepth 1 -maxdepth 1 -print0)
    else
      remove "$folder"
    fi
  done
  [[ -d ${GITHUB_WORKSPACE:-} && $GITHUB_WORKSPACE == "$work"/* ]] || return 0
  while IFS= read -r -d '' entry; do remove "$entry"; done < <(find "$GITHUB_WORKSPACE" -mindepth 1 -maxdepth 1 -print0)
}

clean_docker() {
  has_docker || return 0
  docker ps --all --quiet | xargs --no-run-if-empty docker rm --force --volumes >/dev/null
  docker system prune --force --volumes >/dev/null
}

free_gb() {
  local folder=$work
  [[ -d $folder ]] || folder=$(dirname "$work")
  df --output=avail --block-size=1K "$folder" | tail -n 1 | awk '{print int($1 / 1048576)}'
}

if [[ ${1:-} != --check ]]; then
  clean_workspace
  clean_docker
  if (($(free_gb) < minimum)) && has_docker; then docker system prune --all --force --volumes >/dev/null; fi
fi

free=$(free_gb)
if ((free < minimum)); then
  message="found $free GB free on $(uname -n), expected at least $minimum: make its disk larger or clear it"
  if [[ ${1:-} == --check ]]; then
    echo "$message"
  else
    : >"${SLIPWAY_OFFLINE_FLAG:-/opt/actions-runner/.slipway-offline}"
    echo "::error title=Slipway::$message. The runner goes offline; run the job again"
  fi
  exit 1
fi

# The operator's own hook, which persistent.sh puts beside this one.
own=$(dirname "${BASH_SOURCE[0]}")/hook-job-started.sh
if [[ ${1:-} != --check && -x $own ]]; then exec "$own"; fi
