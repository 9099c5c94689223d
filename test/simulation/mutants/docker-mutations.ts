import type {Mutation} from './mutation';

/** Mistakes with hosts that call when they can, lose answers, and are the only ones who know what runs on them. */
export const DOCKER_MUTATIONS: readonly Mutation[] = [
  {name: 'docker: a slot of a host is taken twice', marked: 'slot of host taken', remove: true, provider: 'docker'},
  {
    name: 'docker: a hand-over without an answer is waited for for ever',
    marked: 'hand-over taken back',
    value: 'false',
    provider: 'docker',
  },
  {
    name: 'docker: the sweep takes the slot of a host for a lost one',
    marked: 'slot of a host',
    condition: 'false',
    provider: 'docker',
  },
  {
    name: 'docker: nothing follows from the end of a container',
    exported: 'concludeContainer',
    wrap: "() => async () => 'done'",
    provider: 'docker',
  },
  {
    name: 'docker: new work at a host is not counted',
    exported: 'withWork',
    wrap: '(original) => (host, now) => ({...original(host, now), version: host.version})',
    provider: 'docker',
  },
  {
    name: 'docker: somebody else’s runner of the name is removed',
    marked: 'name of somebody else at a hand-over',
    condition: 'false',
    provider: 'docker',
  },
  {
    name: 'docker: a container is settled before it is over',
    exported: 'settleContainer',
    wrap: '(original) => (container) => ({...original(container), open: false})',
    provider: 'docker',
  },
  {
    name: 'docker: a host counts as settled while work is under way',
    exported: 'hostSeen',
    wrap: '(original) => (host, sync, now) => original(host, {...sync, settledVersion: host.version}, now)',
    provider: 'docker',
  },
];
