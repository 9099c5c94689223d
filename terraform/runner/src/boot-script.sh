# What the operator runs on the VM once it is up, from a metadata attribute.

# The boot script runs as root before there is a job, at each boot. One that fails ends this script: a job on a half-made VM would fail for a
# reason that nobody sees.
run_boot_script() {
  setting slipway-boot-script ''
  [[ -n $REPLY ]] || return 0
  local code=0 file=$LIB_DIR/boot-script
  write_script "$file" 0700 "$REPLY"
  say 'the boot script starts'
  (cd / && exec "$file") </dev/null > >(while IFS= read -r line || [[ -n $line ]]; do relay "boot script: $line"; done) 2>&1 || code=$?
  [[ $code == 0 ]] || fail "the boot script ended with status $code"
}

# write_script FILE MODE TEXT: with bash in front where the text names no interpreter.
write_script() {
  mkdir -p "$LIB_DIR"
  [[ $3 == '#!'* ]] || printf '#!/bin/bash\n' >"$1"
  if [[ $3 == '#!'* ]]; then printf '%s\n' "$3" >"$1"; else printf '%s\n' "$3" >>"$1"; fi
  chmod "$2" "$1"
}
