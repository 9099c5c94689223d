import {createMemoryStore} from '../../shared/store/memory';
import {coverageContract} from '../contracts/coverage';
import {storeContract} from '../contracts/store';

storeContract('in memory', (clock) => createMemoryStore({clock}));
storeContract('in memory, running each transaction’s body twice', (clock) => createMemoryStore({clock, extraRuns: 1}));
coverageContract('in memory', (clock) => createMemoryStore({clock}));
coverageContract('in memory, running each transaction’s body twice', (clock) =>
  createMemoryStore({clock, extraRuns: 1}),
);
