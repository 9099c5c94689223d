const {EventEmitter} = require('node:events');

/**
 * Stands in for Node's `domain` where suites load the functions framework. The real one follows each promise of a process from the moment at
 * which it is loaded, for all suites behind it: a third of their time. What is served from a bundle has the real one
 * (test/functions/build/bundles.test.ts).
 *
 * @see https://nodejs.org/api/domain.html
 */
class Domain extends EventEmitter {
  run(work) {
    try {
      work();
    } catch (error) {
      this.emit('error', error);
    }
  }
}

module.exports = {create: () => new Domain()};
