import {type Mutation, UNASKED_MACHINE} from './mutation';

const provider = 'ec2';

/** Mistakes about instances that a token, an id and tags tell, and that lists show late and for an hour after their end. */
export const EC2_MUTATIONS: readonly Mutation[] = [
  {
    name: 'ec2: an unanswered request counts as refused, and the next subnet is tried',
    marked: 'unanswered request',
    condition: 'true',
    provider,
  },
  {
    name: 'ec2: the client token forgets the runner',
    marked: 'client token',
    value: "'slipway-' + index",
    provider,
  },
  {
    name: 'ec2: what an unanswered request left is not looked for by its token',
    marked: 'look by client token',
    value: 'undefined',
    provider,
  },
  {
    name: 'ec2: an instance that no list shows yet does not exist',
    marked: 'time until instances are shown',
    value: '0',
    provider,
  },
  {
    name: 'ec2: what has ended is a machine for as long as it is shown',
    marked: 'ended instance',
    value: 'false',
    provider,
  },
  {
    name: 'ec2: an instance whose job was short is replaced',
    marked: 'ended before it was shown',
    value: 'isEnded(instance)',
    provider,
  },
  {
    name: 'ec2: every instance of the account is ours',
    marked: 'instances of this deployment',
    value: '({tags: {}})',
    also: {marked: 'tag of the deployment', value: 'true'},
    provider,
  },
  {
    name: 'ec2: what a person keeps is not seen as kept',
    marked: 'kept instance',
    value: 'false',
    provider,
  },
  {
    name: 'ec2: an instance is as young as the list',
    marked: 'age of the instance',
    value: 'now',
    provider,
  },
  {
    name: 'ec2: instances of a region that no pool names are gone',
    marked: 'instances on record',
    value: '({machines: [], unreadPlaces: []})',
    also: UNASKED_MACHINE,
    provider,
  },
];
