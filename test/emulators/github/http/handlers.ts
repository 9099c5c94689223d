import {actionsHandlers} from './actions-routes';
import {appHandlers} from './app-routes';
import type {Handlers} from './call';
import {deliveryHandlers} from './delivery-routes';
import {generalHandlers} from './general-routes';
import {runnerHandlers} from './runner-routes';

/** Every operation that the world models, by operationId. */
export const handlers: Handlers = {
  ...appHandlers,
  ...runnerHandlers,
  ...actionsHandlers,
  ...deliveryHandlers,
  ...generalHandlers,
};
