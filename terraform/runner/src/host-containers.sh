# Starting, killing and removing containers. Each works in a process of its own: a slow pull holds up neither the sync nor anything else.

# shellcheck disable=SC2016 # jq's
ENTRY_IS_WRONG='
  def text: type == "string" and (explode | index(0)) == null;
  def positive: type == "number" and . > 0;
  def optional(check): . == null or check;
  if type != "object" then "it is no object"
  elif (.name | text and test("^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$")) | not then "its name is none"
  elif (.image | text and test("^[A-Za-z0-9]\\S*$")) | not then "its image is none"
  elif (.command | optional(type == "array" and all(.[]; text))) | not then "its command is no list of texts"
  elif (.env | optional(type == "object" and all(to_entries[]; (.key | text and test("^[A-Za-z_][A-Za-z0-9_.-]*$")) and (.value | text)))) | not
    then "its env holds something else than names and texts"
  elif (.cpus | optional(positive)) | not then "its cpus are no number above 0"
  elif (.memory | optional(positive or (text and test("^[0-9]+[bkmgBKMG]?$")))) | not then "its memory is neither bytes nor a size such as 8g"
  elif (.pids_limit | optional(type == "number")) | not then "its pids_limit is no number"
  elif (.volumes | optional(type == "array" and all(.[]; text and test("^[A-Za-z0-9][A-Za-z0-9_.-]*:/[^:]*(:(ro|rw))?$")))) | not
    then "its volumes are not all named volumes, such as cache:/cache"
  elif (.privileged | optional(type == "boolean")) | not then "its privileged is neither true nor false"
  elif (.timeout_seconds | positive) | not then "it has no timeout_seconds"
  else "" end'

# What `docker create` gets, each ended by a NUL. The values of env are not among them.
# shellcheck disable=SC2016 # jq's
ENTRY_ARGUMENTS='
  ["--name", .name, "--label", "slipway-deployment=\($deployment)", "--label", "slipway-timeout-seconds=\(.timeout_seconds | ceil)", "--restart", "no"]
  + (if $network == "" then [] else ["--network", $network] end)
  + (if .cpus then ["--cpus", "\(.cpus)"] else [] end)
  + (if .memory then ["--memory", "\(.memory)"] else [] end)
  + (if .pids_limit then ["--pids-limit", "\(.pids_limit)"] else [] end)
  + [.volumes // [] | .[] | "--volume", .]
  + (if .privileged then ["--privileged"] else [] end)
  + ["--env-file", "/dev/fd/3"] + [.env // {} | to_entries[] | select(.value | test("[\r\n]")) | "--env", .key]
  + [.image] + (.command // [])
  | .[] + "\u0000"'

# Values with line breaks do not fit into the file of --env-file and travel in the environment of the docker command, where these would act on it.
ACTING='^(PATH|HOME|USER|TMPDIR|BASH_.*|ENV|IFS|LD_.*|GO[A-Z0-9]*|DOCKER_.*|BUILDKIT_.*|SSL_.*|[A-Za-z]*_[Pp][Rr][Oo][Xx][Yy])$'

# start_entry ENTRY NAME: the image, the container, its start; or a file in failed with the reason.
start_entry() {
  local entry=$1 name=$2 image wrong arguments=() lines
  wrong=$(printf '%s' "$entry" | jq --raw-output "$ENTRY_IS_WRONG") || wrong='jq cannot read it'
  if [[ -n $wrong ]]; then
    failed "$name" "$wrong"
    return
  fi
  image=$(printf '%s' "$entry" | jq --raw-output .image)
  if ! docker image inspect "$image" >/dev/null 2>&1; then
    say "$name: pulling $image"
    if ! timeout "$PULL_SECONDS" docker pull --quiet "$image" >/dev/null 2>"$state/error.$name"; then
      failed "$name" "the image $image cannot be pulled: $(error_of "$name" "$entry")"
      return
    fi
  fi
  # Taken back meanwhile, or the agent is gone, which takes no care of it any more.
  [[ -e $state/starting/$name ]] && kill -0 $$ 2>/dev/null || return 0
  mapfile -d '' -t arguments < <(printf '%s' "$entry" | jq --join-output --arg deployment "$DEPLOYMENT" --arg network "$NETWORK" "$ENTRY_ARGUMENTS")
  lines=$(printf '%s' "$entry" | jq --raw-output '.env // {} | to_entries[] | select(.value | test("[\r\n]") | not) | "\(.key)=\(.value)"')
  : >"$state/creating/$name"
  if create_container "$entry" "${arguments[@]}" 3< <(printf '%s\n' "$lines") >/dev/null 2>"$state/error.$name" &&
    timeout 60 docker start "$name" >/dev/null 2>"$state/error.$name"; then
    say "$name: started from $image"
  else
    failed "$name" "$(error_of "$name" "$entry")"
    # Its container, if there is one by now: what is reported is the failure.
    remove_container "$name"
  fi
  rm -f "$state/creating/$name"
}

# create_container ENTRY ARGUMENTS…: with descriptor 3 for --env-file.
create_container() (
  local entry=$1 variable value
  shift
  while IFS= read -r -d '' variable && IFS= read -r -d '' value; do
    [[ ! $variable =~ $ACTING ]] || {
      printf 'the value of %s has a line break, which this agent cannot pass on' "$variable" >&2
      exit 1
    }
    export "$variable=$value"
  done < <(printf '%s' "$entry" | jq --join-output '.env // {} | to_entries[] | select(.value | test("[\r\n]")) | .key + "\u0000" + .value + "\u0000"')
  exec timeout 60 docker create "$@"
)

# What the docker command said, without any value of env.
error_of() {
  local text value
  text=$(head -c 2000 "$state/error.$1")
  rm -f "$state/error.$1"
  while IFS= read -r -d '' value; do text=${text//"$value"/***}; done < <(
    printf '%s' "$2" | jq --join-output '.env // {} | to_entries[] | .value | select(length > 3) | . + "\u0000"'
  )
  text=${text//$'\n'/ }
  printf '%s' "${text:0:500}"
}

failed() {
  say "$1: not started: $2"
  : >"$state/failed/$1"
}

# remove_container NAME: with its anonymous volumes, and only one that carries this deployment's label.
remove_container() {
  local label
  label=$(timeout 20 docker container inspect --format '{{index .Config.Labels "slipway-deployment"}}' "$1" 2>/dev/null) || return 0
  [[ $label == "$DEPLOYMENT" ]] || return 0
  if timeout 60 docker rm --force --volumes "$1" >/dev/null 2>&1; then say "$1: removed"; else say "$1: could not be removed; it is tried again"; fi
}

# work NAME COMMAND…: in the background, once at a time for each name, in a process group of its own.
work() {
  local name=$1
  shift
  [[ -z ${workers[$name]:-} ]] || ! kill -0 "${workers[$name]}" 2>/dev/null || return 0
  set -m
  (
    trap - TERM INT EXIT ERR
    set +e
    "$@"
  ) </dev/null &
  workers[$name]=$!
  set +m
}

start_worker() {
  start_entry "$@"
  rm -f "$state/starting/$2"
}

declare -A workers=()

# Of the file answer. What is listed already, is being started, or has failed and was not yet asked to go, is left alone.
start_what_is_asked() {
  local count index entry name
  count=$(jq '.start // [] | length' "$state/answer")
  for ((index = 0; index < count; index++)); do
    entry=$(jq --compact-output ".start[$index]" "$state/answer")
    name=$(printf '%s' "$entry" | jq --raw-output 'if type == "object" and (.name | type) == "string" then .name else "" end')
    if ! [[ $name =~ $NAME ]]; then
      say 'an entry without a usable name is left out'
      continue
    fi
    [[ ! -e $state/starting/$name && ! -e $state/failed/$name ]] || continue
    ! jq --exit-status --arg name "$name" 'any(.[]; .name == $name)' "$state/containers" >/dev/null || continue
    : >"$state/starting/$name"
    work "$name" start_worker "$entry" "$name"
  done
}

remove_what_is_asked() {
  local name
  while IFS= read -r name; do
    [[ $name =~ $NAME ]] || continue
    rm -f "$state/failed/$name"
    if [[ -e $state/starting/$name && ! -e $state/creating/$name ]]; then
      rm -f "$state/starting/$name"
      [[ -z ${workers[$name]:-} ]] || kill -KILL -- "-${workers[$name]}" 2>/dev/null || true
    fi
    work "remove.$name" remove_container "$name"
  done < <(jq --raw-output '.remove // [] | .[]' "$state/answer")
}

# pull_ahead: the images of the answer, one after the other, again every hour for tags that move.
pull_ahead() {
  local images
  images=$(jq --raw-output '.images // [] | unique[] | select(test("^[A-Za-z0-9]\\S*$"))' "$state/answer")
  [[ $images != "$images_ahead" ]] || ((SECONDS >= pulled_until)) || return 0
  images_ahead=$images
  pulled_until=$((SECONDS + 3600))
  [[ -z $images ]] || work pull pull_images "$images"
}

pull_images() {
  local image
  while IFS= read -r image; do
    timeout "$PULL_SECONDS" docker pull --quiet "$image" >/dev/null 2>&1 || say "the image $image cannot be pulled ahead"
  done < <(printf '%s\n' "$1")
}

images_ahead=''
pulled_until=0

# Of the file containers: kills what is over its time, and starts what was created and not started, by an agent that was killed then.
mend_containers() {
  local what name
  while read -r what name; do
    case $what in
      kill) work "kill.$name" kill_container "$name" ;;
      start) [[ -e $state/starting/$name ]] || work "$name" start_created "$name" ;;
    esac
  done < <(jq --raw-output '
    def seconds: sub("\\.[0-9]+"; "") | fromdateiso8601;
    .[] | if .status == "created" then "start \(.name)"
      elif (.status == "running" or .status == "paused" or .status == "restarting") and (.timeout // "" | test("^[0-9]+$"))
        and ((.started_at | seconds) + (.timeout | tonumber) < now) then "kill \(.name)"
      else empty end' "$state/containers")
}

kill_container() {
  say "$1: over its time, killed"
  timeout 60 docker kill "$1" >/dev/null 2>&1 || true
}

# Never one that has run: it is asked again, because the list is some moments old.
start_created() {
  [[ $(timeout 20 docker container inspect --format '{{.State.Status}}' "$1" 2>/dev/null) == created ]] || return 0
  say "$1: created and not started; started now"
  timeout 60 docker start "$1" >/dev/null 2>&1 || remove_container "$1"
}
