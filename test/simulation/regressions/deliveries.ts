import {type Cases, job, MINUTE, SETTING} from './case';

/** Events that are late, fail, or never arrive. */
export const DELIVERIES: Cases = {
  'an event is delivered again no more than so many times, also when the answer to asking for it got lost and an old attempt is out of sight':
    {
      seed: 66,
      setting: {...SETTING, maxRunners: {arm: 1, spot: 3, shared: 2}, routing: 'oldest', bootMs: 90_000, skewMs: 500},
      jobs: [
        job(176_731, {repository: 'acme/tools', durationMs: 18_612, approvedAfterMs: 50_835}),
        job(198_622, {kind: 'shared', durationMs: 592_719, sentBack: {afterMs: 17_143, forMs: 147_633}}),
        job(667_676, {kind: 'shared', durationMs: 315_002}),
      ],
      faults: [
        {on: 'webhook_down', fromMs: 235_215, forMs: 1_288_103},
        // The sweep that lists the runners dies, so that for ten minutes there is none.
        {on: 'call', port: 'github', method: 'runners', nth: 27, effect: 'dies_before'},
        {on: 'call', port: 'github', method: 'redeliver', nth: 15, effect: 'lost'},
      ],
    },
  'an event that fails through an outage of five hours arrives at its end, since probes are no tries': {
    seed: 1,
    setting: SETTING,
    jobs: [job(0), job(10 * MINUTE, {cancelAfterMs: MINUTE})],
    faults: [{on: 'webhook_down', fromMs: 9 * MINUTE, forMs: 300 * MINUTE, answer: 503}],
  },
  'thousands of events that failed are delivered again in pages, documents and minutes that all have their bounds': {
    seed: 1,
    setting: {...SETTING, deliveriesAPage: 30},
    jobs: [job(0), job(10 * MINUTE)],
    faults: [
      {on: 'webhook_down', fromMs: 9 * MINUTE, forMs: 10 * MINUTE},
      {on: 'flood', atMs: 12 * MINUTE, count: 2_500},
    ],
  },
  'an event that never arrives is given up after five tries, while others arrive': {
    seed: 1,
    setting: SETTING,
    jobs: Array.from({length: 20}, (_, index) => job(index * 15 * MINUTE)),
    faults: [
      {on: 'webhook', nth: 3, effect: 'never_arrives'},
      {on: 'webhook_down', fromMs: 600 * MINUTE, forMs: MINUTE},
    ],
  },
};
