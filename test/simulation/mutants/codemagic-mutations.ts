import {type Mutation, UNASKED_MACHINE} from './mutation';

/** Mistakes with a service that knows builds by ids of its own, has no key of a creation, and lets builds wait in a queue. */
export const CODEMAGIC_MUTATIONS: readonly Mutation[] = [
  {
    name: 'codemagic: a start without an answer is sent again',
    marked: 'codemagic second build',
    value: (original) => `await (async () => { try { return ${original}; } catch { return ${original}; } })()`,
    provider: 'codemagic',
  },
  {
    name: 'codemagic: a start without an answer counts as refused',
    marked: 'codemagic answer',
    condition: 'true',
    provider: 'codemagic',
  },
  {
    name: 'codemagic: a build with another deployment’s label is taken for ours',
    marked: 'codemagic deployment',
    value: 'true',
    provider: 'codemagic',
  },
  {
    name: 'codemagic: a queued build waits for ever',
    marked: 'queued for ever',
    before: "if (machineOf(runner)?.status === 'queued') continue;",
    provider: 'codemagic',
  },
  {
    name: 'codemagic: a build that has ended counts as a machine',
    exported: 'hasEnded',
    wrap: '() => () => false',
    provider: 'codemagic',
  },
  {
    name: 'codemagic: 208 is taken for a failure',
    marked: 'codemagic 208',
    condition: 'answer.status === 200',
    provider: 'codemagic',
  },
  {
    name: 'codemagic: builds of a team that no pool names are gone',
    marked: 'builds on record',
    value: '({machines: [], unreadPlaces: []})',
    also: UNASKED_MACHINE,
    provider: 'codemagic',
  },
];
