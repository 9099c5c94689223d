const Sequencer = require('@jest/test-sequencer').default;

/**
 * Suites that take longest, though their files are small: jest goes by size until it knows how long a suite takes, and would leave a whole core
 * waiting for one of them at the end.
 */
const LONGEST = [
  /bench\/provision-rate/,
  /simulation\/(first|second|standby)-worlds/,
  /simulation\/regressions\.test/,
  /hosts\/real-engine/,
  /http\/bombs/,
  /runners\/storm/,
  /mutants\/mutations\.test/,
  /runner\/(package|standby|endings)\.test/,
  /api\/(set-up-pages|live-page)/,
  /simulation\/outage/,
  /simulation\/\w[\w-]*-worlds/,
  /docker-host\.test/,
  /simulation\/replay/,
  /sweep\/outage/,
  /cli\/(why|peers|api)/,
];

function rankOf({path}) {
  const rank = LONGEST.findIndex((pattern) => pattern.test(path));
  return rank < 0 ? LONGEST.length : rank;
}

/** @see https://jestjs.io/docs/configuration#testsequencer-string */
module.exports = class extends Sequencer {
  sort(tests) {
    return [...super.sort(tests)].sort((a, b) => rankOf(a) - rankOf(b));
  }
};
