/** Metadata key of the JIT config; the start-up script reads it. */
export const JIT_CONFIG_KEY = 'slipway-jit-config';

/** `stopped` or `suspended`: the machine prepares itself, and then waits for its JIT config. */
export const STANDBY_KEY = 'slipway-standby';

/** Of what a standby machine was made: `StandbyLook.fingerprint`. */
export const STANDBY_FINGERPRINT_KEY = 'slipway-standby-fingerprint';

/** Lets the guest tell something of itself. @see https://cloud.google.com/compute/docs/metadata/manage-guest-attributes */
export const GUEST_ATTRIBUTES_KEY = 'enable-guest-attributes';

/** Guest attribute in which a standby machine tells that it is `ready`, or why it never will be. */
export const STANDBY_REPORT = 'slipway/standby';

/** The runner application that the machine installs where its image has none, or one that GitHub refuses. */
export const RUNNER_VERSION_KEY = 'slipway-runner-version';

/** Followed by `x64` or `arm64`, on Windows by `win-x64`. */
export const RUNNER_SHA256_KEY = 'slipway-runner-sha256-';

/** The startup script of a VM with Windows: a template that has it is for Windows. */
export const WINDOWS_SCRIPT_KEY = 'windows-startup-script-ps1';

/**
 * Versions that GitHub refuses, separated by spaces, or `none`. Where it is set, `RUNNER_VERSION_KEY` replaces no version of the image but these;
 * without it, it replaces every other one.
 */
export const RUNNER_REFUSED_KEY = 'slipway-runner-refused';
