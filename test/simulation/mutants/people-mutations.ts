import type {Mutation} from './mutation';

/** Mistakes in what people do through `api`. */
export const PEOPLE_MUTATIONS: readonly Mutation[] = [
  {
    name: 'people: a busy runner is removed',
    exported: 'removeRunner',
    wrap: '(original) => (context, name, options) => original(context, name, {...options, force: true})',
  },
  {name: 'people: a clean-up ignores the age', marked: 'young machine', value: 'false'},
  {name: 'people: a requested runner takes no slot', marked: 'slot of a requested runner', remove: true},
  {name: 'people: a dry run of the stop records what it finds', marked: 'dry run of stop', remove: true},
  {name: 'people: a dry run is none', exported: 'isDryRun', wrap: '() => () => false'},
];
