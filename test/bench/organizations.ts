import {provisionQueueFor} from '../../shared/model/queues';

/** Organizations that the bench of the queues has, and the queue of four in which each one's tasks are: two on each. */
export const ORGANIZATIONS = ['weyland', 'cyberdyne', 'acme', 'globex', 'initech', 'virtucon', 'tyrell', 'soylent'];

/** How the organizations are spread over queues: their names by queue. */
export function spread(queues: number): readonly (readonly string[])[] {
  const numbers = Array.from({length: queues}, (_, index) => index);
  return numbers.map((queue) => ORGANIZATIONS.filter((owner) => provisionQueueFor(numbers, owner) === queue));
}
