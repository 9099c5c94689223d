import type {Mutation} from './mutation';

/** Mistakes about who is who: a name is taken for an identity, a record for more than it says. */
export const IDENTITY_MUTATIONS: readonly Mutation[] = [
  {name: 'identity: a runner is known by its name', exported: 'isMentionedRunner', wrap: '() => () => true'},
  {
    name: 'identity: the id of the registration is not looked at',
    exported: 'isMentionedRunner',
    wrap: '(original) => (runner, mention) => original(runner, {...mention, runnerId: null})',
  },
  {
    name: 'identity: the registration of somebody else is removed',
    marked: 'name of somebody else',
    condition: 'false',
  },
  {
    name: 'identity: a registration that is listed is known by its name',
    exported: 'isRegistrationOf',
    wrap: '() => (runner, registration) => runner.name === registration.name',
  },
  {
    name: 'identity: a registration whose answer was lost is nobody’s',
    exported: 'wasRegistrationTried',
    wrap: '() => () => false',
  },
  {
    name: 'identity: a registration that no list shows yet is forgotten',
    marked: 'registration in doubt',
    value: "'none'",
  },
  {
    name: 'identity: the id of the registration is not written down',
    marked: 'id before insert',
    value: 'null',
  },
  {
    name: 'identity: the end of a job ends the runner of another',
    marked: 'runner of another job',
    remove: true,
    also: {marked: 'released runner at work', remove: true},
  },
  {
    name: 'identity: a runner that was not known to run the job goes unasked',
    marked: 'released runner at work',
    remove: true,
  },
];
