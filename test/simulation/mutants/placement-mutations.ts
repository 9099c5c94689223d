import type {Mutation} from './mutation';

/** Refusals of Compute Engine that are taken for more than they say, and answers of somebody else. */
export const PLACEMENT_MUTATIONS: readonly Mutation[] = [
  {
    name: 'the first refusal of a placement ends the creation',
    exported: 'nextPlacement',
    wrap: `(original) => (placements, failed, known) =>
      failed.at(-1)?.failureClass === 'invalid' ? {kind: 'stop', because: 'invalid'} : original(placements, failed, known)`,
  },
  {
    name: 'one placement that is refused outvotes the full ones',
    exported: 'nextPlacement',
    wrap: `(original) => (placements, failed, known) => {
      const step = original(placements, failed, known);
      const isRefused = step.kind === 'exhausted' && failed.some(({failureClass}) => failureClass === 'invalid');
      return isRefused ? {kind: 'exhausted', because: 'refused'} : step;
    }`,
  },
  {
    name: 'what another execution found full is never tried again',
    marked: 'full placements end',
    value: 'Number.POSITIVE_INFINITY',
  },
  {
    name: 'what one zone does not have is missing everywhere',
    exported: 'classifyRequest',
    wrap: `(original) => (refused) => {
      const classified = original(refused);
      return classified.code === 'notFound' ? {...classified, failureClass: 'denied'} : classified;
    }`,
  },
  {
    name: 'a disk that an operation refuses ends the creation',
    exported: 'classifyOperation',
    wrap: `(original) => (errors) => {
      const classified = original(errors);
      return classified.failureClass === 'invalid' ? {...classified, failureClass: 'denied'} : classified;
    }`,
  },
  {
    name: 'a standard VM with a GPU may be moved to another host',
    exported: 'instanceBody',
    wrap: `(original) => (instance) => {
      const body = original(instance);
      const onHostMaintenance = instance.placement.spot ? 'TERMINATE' : 'MIGRATE';
      return {...body, scheduling: {...body.scheduling, onHostMaintenance}};
    }`,
  },
  {
    name: 'every 404 says that the VM is gone',
    exported: 'isAbsent',
    wrap: '(original) => (error, path) => /^(?:notFound|HTTP_404)$/.test(error.code) || original(error, path)',
  },
  {
    name: 'a 404 of the metadata server is a refusal of Compute Engine',
    exported: 'classifyRequest',
    wrap: `(original) => (refused) =>
      refused.status === 404 && !refused.reason ? {failureClass: 'denied', code: 'HTTP_404'} : original(refused)`,
  },
  {
    name: "a proxy's 404 is a refusal of GitHub",
    exported: 'classify',
    wrap: `(original) => (error, call, context) => {
      if (error?.status !== 404) return original(error, call, context);
      const response = {...error.response, data: {message: 'Not Found'}};
      return original(Object.assign(Object.create(error), {response}), call, context);
    }`,
  },
];
