import type {Mutation} from './mutation';

/** Mistakes about several GitHub Apps, of which not every one acts for every scope. */
export const APP_MUTATIONS: readonly Mutation[] = [
  {
    name: 'apps: absent by an App that does not reach the scope is believed',
    marked: 'absent by another App',
    condition: 'false',
  },
  {name: 'apps: the refusal of one App is final', marked: 'refusal of one App', condition: 'true'},
  {name: 'apps: the sweep asks the first App alone', marked: 'Apps of the sweep', value: '[first]'},
  {
    name: 'apps: what the sweep is not shown by one App is not there',
    marked: 'not shown to one App',
    condition: 'true',
  },
];
