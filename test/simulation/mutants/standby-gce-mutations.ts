import type {Mutation} from './mutation';

/** Standby machines on Compute Engine: what makes one ready, and how it is told from others. */
export const STANDBY_GCE_MUTATIONS: readonly Mutation[] = [
  {
    name: 'a standby VM may not report that it is ready',
    exported: 'standbyBody',
    wrap: `(original) => (instance) => {
      const body = original(instance);
      const items = body.metadata.items.filter(({key}) => key !== 'enable-guest-attributes');
      return {...body, metadata: {items}};
    }`,
  },
  {
    name: 'a standby VM is not told that it is one',
    exported: 'standbyBody',
    wrap: `(original) => (instance) => {
      const body = original(instance);
      return {...body, metadata: {items: body.metadata.items.filter(({key}) => key !== 'slipway-standby')}};
    }`,
  },
  {
    name: 'a standby VM has no label of its deployment',
    exported: 'standbyBody',
    wrap: `(original) => (instance) => {
      const body = original(instance);
      const {'slipway-deployment': _, ...labels} = body.labels;
      return {...body, labels};
    }`,
  },
  {
    name: 'a standby VM that waits is listed as one that has ended',
    exported: 'readInstance',
    wrap: `(original) => (...parameters) => {
      const {standby: _, ...instance} = original(...parameters);
      return instance;
    }`,
  },
  {
    name: 'a standby VM that is prepared is not suspended',
    exported: 'createGceStandby',
    wrap: `(original) => (options) => ({...original(options), suspend: async () => 'accepted'})`,
  },
  {
    name: 'a standby VM is always made from another template than the present one',
    exported: 'createGceStandby',
    wrap: `(original) => (options) => {
      const real = original(options);
      return {...real, fingerprint: async (pool) => (await real.fingerprint(pool)) + '-other'};
    }`,
  },
  {
    name: 'what the guest of a standby VM reports is not read',
    exported: 'readGuestAttribute',
    wrap: '() => () => undefined',
  },
  {
    name: 'a standby VM is started without its JIT config',
    exported: 'createGceStandby',
    wrap: `(original) => (options) =>
      original({
        ...options,
        compute: new Proxy(options.compute, {
          get: (target, key) => (key === 'setMetadata' ? async (zone) => ({zone, name: 'none'}) : target[key].bind(target)),
        }),
      })`,
  },
];
