const {channel} = require('node:diagnostics_channel');
const {TestEnvironment} = require('jest-environment-node');

/** Node's news of each request, to which shared/http/framework.ts listens for as long as a process lives. */
const requests = channel('http.server.request.start');

/** Ends with a suite what it listens to: it would hear the requests of all suites behind it, and all that it loaded would stay in memory. */
module.exports = class extends TestEnvironment {
  listeners = [];

  async setup() {
    await super.setup();
    requests.subscribe = (listener) => {
      this.listeners.push(listener);
      Object.getPrototypeOf(requests).subscribe.call(requests, listener);
    };
  }

  async teardown() {
    for (const listener of this.listeners) requests.unsubscribe(listener);
    delete requests.subscribe;
    await super.teardown();
  }
};
