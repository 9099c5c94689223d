import type {Mutation} from './mutation';

/** Mistakes with standby machines, which a third of the worlds have. */
export const STANDBY_MUTATIONS: readonly Mutation[] = [
  {name: 'standby: a machine is claimed by whoever finds it', marked: 'claimed once', remove: true},
  {name: 'standby: a claim is not written', marked: 'write claim', remove: true},
  {
    name: 'standby: a held machine is an orphan',
    marked: 'standby is no orphan',
    value: 'new Set(observed.runners.map(({name}) => name))',
    also: {marked: 'held standby is left', remove: true},
  },
  {name: 'standby: a machine that prepares itself has failed', marked: 'standby boots in time', remove: true},
  {
    name: 'standby: no machine is as a new one',
    marked: 'standby as a new one',
    value: "'is another'",
  },
  {name: 'standby: the id of a machine is forgotten', marked: 'id of standby', value: 'placementFields(placement)'},
  {
    name: 'standby: a machine that is to be suspended runs on',
    marked: 'suspend prepared standby',
    before:
      "if (hold === 'suspended') return {kind: 'ready', reason: 'standby_ready', runner, fingerprint: undefined};",
  },
  {
    name: 'standby: the next runner is taken for a standby machine, too',
    marked: 'standby of next runner',
    remove: true,
  },
  {
    name: 'standby: more machines are kept than wanted',
    exported: 'balanceStandby',
    wrap: '(original) => (...given) => ({...original(...given), surplus: []})',
  },
  {
    name: 'standby: each sweep makes another machine',
    exported: 'balanceStandby',
    wrap: '(original) => (...given) => ({surplus: [], missing: Math.max(1, original(...given).missing)})',
  },
  {
    name: 'standby: a policy against reports is a template that does not boot',
    marked: 'refused look of standby',
    value: "end('cannot be seen', 'boot')",
  },
  {name: 'standby: a rate limit costs the machine', marked: 'standby within rate', condition: 'true'},
  {
    name: 'standby: a job gets a machine that it has not chosen',
    marked: 'standby that fits',
    value: 'candidates[0]?.name',
    provider: 'gce+ec2',
  },
  {
    name: 'standby: the claim of a fallback is not written',
    marked: 'write claim of fallback',
    remove: true,
    provider: 'gce+ec2',
  },
  {
    name: 'standby: a machine that failed to begin stays',
    marked: 'delete failed standby',
    value: "{result: 'accepted', at: context.clock.now()}",
  },
];
