# The sync: reports the containers of this deployment, and reads what is to be started and removed.

# One of our containers as JSON. Times that never came are those of the year 1.
# shellcheck disable=SC2016 # a Go template
CONTAINER='{"name":{{json .Name}},"status":{{json .State.Status}},"exit_code":{{.State.ExitCode}},"created_at":{{json .Created}},"started_at":{{json .State.StartedAt}},"finished_at":{{json .State.FinishedAt}},"timeout":{{json (index .Config.Labels "slipway-timeout-seconds")}}}'

# Writes the containers of this deployment, as they are now, to the file containers: a JSON array. Fails when the engine does not say all: what
# is not reported is taken for gone.
list_containers() {
  local ids tries
  for tries in 1 2 3; do
    engine ps --all --quiet --no-trunc --filter "label=slipway-deployment=$DEPLOYMENT" >"$state/ids" || continue
    mapfile -t ids <"$state/ids"
    if ((${#ids[@]} == 0)); then
      printf '[]' >"$state/containers"
      return 0
    fi
    # One that was removed meanwhile makes this fail: then the list is made again.
    engine inspect --type container --format "$CONTAINER" "${ids[@]}" >"$state/inspected" || continue
    jq --slurp 'map(.name |= ltrimstr("/"))' "$state/inspected" >"$state/containers" && return 0
  done
  return 1
}

# The body of the sync: the engine's containers, and beside them what was taken over and has no container yet (created) or gets none (exited, 125).
write_report() {
  local name
  {
    for name in "$state/starting/"*; do [[ ! -e $name ]] || printf 'created %s\n' "${name##*/}"; done
    for name in "$state/failed/"*; do [[ ! -e $name ]] || printf 'exited %s\n' "${name##*/}"; done
  } >"$state/without-container"
  jq --rawfile others "$state/without-container" '
    def time: if . == null or startswith("0001-") then null else . end;
    def state: if . == "created" then . elif . == "running" or . == "paused" or . == "restarting" then "running" else "exited" end;
    map((.status | state) as $state | {
      name, state: $state, exit_code: (if $state == "exited" then .exit_code else null end),
      started_at: (.started_at | time), finished_at: (if $state == "exited" then (.finished_at | time) else null end)
    }) as $containers
    | ($containers | map(.name)) as $known
    | ($others | split("\n") | map(select(. != "") | split(" ") | {state: .[0], name: .[1]}) | map(select(.name as $name | $known | index($name) | not))
      | unique_by(.name) | map({
          name, state, exit_code: (if .state == "exited" then 125 else null end), started_at: null, finished_at: null
        })) as $more
    | {agent: "1", containers: ($containers + $more)}' "$state/containers" >"$state/report"
}

# Sends the report; the answer is in the file answer. Sets why when it fails.
sync_with_api() {
  local code=0 status
  read_token || {
    why='the host token is empty or has characters that no token has'
    return 1
  }
  attend curl --silent --config <(request_headers) --data-binary "@$state/report" --connect-timeout 5 --max-time 12 --max-filesize 10000000 \
    --output "$state/answer" --write-out '%{http_code} %{content_type}' "$API_URL/hosts/$HOST/sync" >"$state/status" || code=$?
  status=$(<"$state/status")
  case $status in
    200*)
      if ((code == 0)) && jq --exit-status "$ANSWER_IS_WHOLE" "$state/answer" >/dev/null 2>&1; then return 0; fi
      why="the answer of $API_URL is incomplete or not what is expected (curl $code)"
      ;;
    401* | 403*)
      why="$API_URL refused this host with ${status%% *}: check the host token, and who may call the API"
      # The front of Cloud Run, where not everybody may call the API.
      [[ $status == *problem+json* ]] || wants_identity=yes
      ;;
    404*) why="$API_URL has no host $HOST in its configuration" ;;
    000*) why="$API_URL cannot be reached (curl $code)" ;;
    *) why="$API_URL answered ${status%% *}" ;;
  esac
  return 1
}

# shellcheck disable=SC2016 # jq's
ANSWER_IS_WHOLE='type == "object"
  and ((.start // []) | type == "array") and ((.remove // []) | type == "array" and all(.[]; type == "string"))
  and ((.images // []) | type == "array" and all(.[]; type == "string")) and ((.wait_seconds // 2) | type == "number")'

# In a pipe and not among the arguments, which everybody can read.
request_headers() {
  printf 'header = "X-Host-Token: %s"\nheader = "Content-Type: application/json"\n' "$secret"
  [[ -z $identity ]] || printf 'header = "Authorization: Bearer %s"\n' "$identity"
}

wants_identity=''
identity=''
identity_until=0

# The identity token of the VM's service account, on Google Cloud, once the API has asked for one. Lives for an hour.
# https://cloud.google.com/compute/docs/instances/verifying-instance-identity
refresh_identity() {
  [[ -n $wants_identity ]] && ((SECONDS >= identity_until)) || return 0
  identity=''
  identity_until=$((SECONDS + 60))
  attend curl --silent --fail --noproxy '*' --header 'Metadata-Flavor: Google' --connect-timeout 1 --max-time 5 \
    "$METADATA_URL/instance/service-accounts/default/identity?audience=$API_URL" >"$state/identity" || return 0
  identity=$(<"$state/identity")
  if [[ $identity =~ ^[A-Za-z0-9._-]+$ ]]; then identity_until=$((SECONDS + 3000)); else identity=''; fi
}
