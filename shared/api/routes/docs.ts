import * as z from 'zod';
import {jsonReply} from '../../http/server';
import {type Operation, operation} from '../operation';
import {REDOC, SWAGGER_UI} from '../pages/docs';
import {type Page, pageReply} from '../pages/document';

const Nothing = z.strictObject({});

export const openapi = operation(
  {
    id: 'getOpenApi',
    method: 'GET',
    path: '/openapi.json',
    tag: 'documentation',
    summary: 'The OpenAPI 3.1 document of this API',
    description: 'Generated from the schemas that validate the requests.',
    access: 'public',
    whenMisconfigured: true,
    parameters: Nothing,
    query: Nothing,
    outcomes: {
      200: {
        description: 'An OpenAPI document.',
        schema: z.looseObject({
          openapi: z.string().regex(/^3\.1\./),
          info: z.looseObject({}),
          paths: z.looseObject({}),
        }),
      },
    },
    problems: [],
  },
  async ({document}) => jsonReply(await document(), 200, {'Cache-Control': 'no-cache'}),
);

export const docs = pageOperation(
  'getDocs',
  '/docs',
  'The documentation in Swagger UI, which can send requests',
  SWAGGER_UI,
);
export const redoc = pageOperation('getRedoc', '/redoc', 'The documentation in Redoc', REDOC);

function pageOperation(id: string, path: string, summary: string, page: Page): Operation {
  return operation(
    {
      id,
      method: 'GET',
      path,
      tag: 'documentation',
      summary,
      access: 'public',
      whenMisconfigured: true,
      parameters: Nothing,
      query: Nothing,
      outcomes: {
        200: {description: 'An HTML page that loads nothing from another host.', type: 'text/html', schema: z.string()},
      },
      problems: [],
    },
    () => pageReply(page),
  );
}
