/**
 * What GitHub's runner reads from its environment, and how it ends.
 *
 * @see https://github.com/actions/runner/blob/main/src/Runner.Listener/CommandSettings.cs
 */

/** Holds the single-use JIT config. */
export const JIT_CONFIG_VARIABLE = 'ACTIONS_RUNNER_INPUT_JITCONFIG';

/** With 1 `run.sh` exits with 7 when GitHub refuses the runner's version, and with 0 without it. */
export const RETURN_DEPRECATED_VARIABLE = 'ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE';

/** The exit code of a runner whose version GitHub refuses. */
export const VERSION_REFUSED = 7;
