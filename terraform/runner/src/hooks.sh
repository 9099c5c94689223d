# Scripts before and after each job, from metadata attributes.

# NAME=value for the runner's environment.
hook_variables=()

# GitHub's hooks, as the runner's user. A hook that fails fails the job.
# https://docs.github.com/en/actions/how-tos/manage-runners/self-hosted-runners/run-scripts
install_hooks() {
  local event file
  for event in started completed; do
    setting "slipway-hook-job-$event" ''
    # The runner takes a path that ends in .sh alone.
    file=$LIB_DIR/hook-job-$event.sh
    if [[ -z $REPLY ]]; then
      rm -f "$file" # of an earlier boot
      continue
    fi
    write_script "$file" 0755 "$REPLY"
    hook_variables+=("ACTIONS_RUNNER_HOOK_JOB_${event^^}=$file")
  done
}
