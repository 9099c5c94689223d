import {CORE_MUTATIONS} from './core-mutations';
import type {Mutation} from './mutation';
import {SWEEP_MUTATIONS} from './sweep-mutations';

/** Each breaks a promise that the simulation checks. A list is a theme, in a file of its own. */
export const MUTATIONS: readonly Mutation[] = [...CORE_MUTATIONS, ...SWEEP_MUTATIONS];
