# The other cloud. On EC2 this script is itself the user data, and the control plane puts lines before it that set shell variables:
# SLIPWAY_CLOUD=ec2, SLIPWAY_JITCONFIG, SLIPWAY_LIFE_SECONDS, SLIPWAY_DEPLOYMENT, SLIPWAY_POOL, SLIPWAY_RUNNER, and as SLIPWAY_<NAME> whatever is
# the attribute slipway-<name> on Google Cloud. They are not exported, so no other process sees them.
IMDS_URL=${SLIPWAY_IMDS_URL:-http://169.254.169.254/latest}
SPOT_POLL_SECONDS=${SLIPWAY_SPOT_POLL_SECONDS:-5}

# EC2 terminates a spot VM two minutes after its notice.
SPOT_NOTICE_SECONDS=130

# imds PATH: prints the value. Ends with 4 when there is none, with 1 when the service does not say. The template asks for IMDSv2, so each
# question needs a token; one for each is cheaper than to know when it ends.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
imds() {
  local token reply ask=(curl --silent --noproxy '*' --connect-timeout 2 --max-time 10)
  token=$("${ask[@]}" --fail --request PUT --header 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$IMDS_URL/api/token") || return 1
  # The token is good on this VM alone, but command lines can be read by all.
  reply=$("${ask[@]}" --header @- --write-out '\n%{http_code}' "$IMDS_URL/meta-data/$1" <<<"X-aws-ec2-metadata-token: $token") || return 1
  case ${reply##*$'\n'} in
    200) printf '%s' "${reply%$'\n'*}" ;;
    404) return 4 ;;
    *) return 1 ;;
  esac
}

# There is no maxRunDuration on EC2: systemd powers off at the end of the VM's time, counted from its boot, also when this script hangs, and
# the shutdown behaviour of the template deletes what is off. What boots a second time has lost that timer, and its runner: it is powered
# off by cloud-init, which runs this script at the first boot alone. -i: no inhibitor lock of a job holds it up.
bound_life() {
  local seconds=${SLIPWAY_LIFE_SECONDS:-} again=$ROOT/var/lib/cloud/scripts/per-boot/slipway-end
  if [[ $seconds =~ ^[1-9][0-9]{0,8}$ ]]; then
    if systemd-run --quiet --collect --unit slipway-life --on-boot "$seconds" systemctl poweroff -i &&
      mkdir -p "${again%/*}" && printf '#!/bin/sh\nexec systemctl poweroff -i\n' >"$again" && chmod 0700 "$again"; then
      return
    fi
    why='systemd did not take the timer that ends this VM'
  else
    why="found SLIPWAY_LIFE_SECONDS=$seconds, expected a number of seconds"
  fi
  say "power off: $why; a VM that nothing ends is not left on"
  power_off
  exit 1
}

# cloud-init keeps the user data, and so the JIT config, in several files: they are root's alone already, and stay so whatever an image does.
close_user_data() {
  local path
  for path in "$ROOT/var/lib/cloud/instances" "$ROOT/run/cloud-init/instance-data-sensitive.json"; do
    [[ ! -e $path ]] || chmod go= "$path" || fail "the rights on $path could not be taken away: it holds the JIT config"
  done
}

ec2_attribute() {
  local name=${1^^}
  name=${name//-/_}
  [[ -n ${!name:-} ]] || return 4
  printf '%s' "${!name}"
}

# Until the notice there is nothing at this path.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
ec2_watch_preemption() {
  until imds spot/instance-action >/dev/null; do sleep "$SPOT_POLL_SECONDS"; done
  kill -USR1 "$1"
}
