import * as z from 'zod';
import {ID} from './config';
import {type Build, DEPLOYMENT_VARIABLE, RUNNER_VARIABLE} from './ours';

/** One page of a team's builds, the newest first. `cursor`: of the next page; undefined: this is the last. */
export interface BuildPage {
  readonly builds: readonly Build[];
  readonly cursor: string | undefined;
}

/** An application. Undefined: the answer does not tell. */
export interface Application {
  readonly name: string;
  readonly branches: readonly string[] | undefined;
}

const Id = z.string().regex(ID);
const Status = z.string().min(1).max(50);

/** A field that may be missing or of another shape: the API is a preview. */
function optional<T extends z.ZodType>(type: T) {
  return type.nullish().catch(undefined);
}

const Labels = optional(z.array(z.string()));
/** What holds the variables of a build is not documented: an object of them, or a list of `{key, value}`. */
const Variables = optional(
  z.union([z.record(z.string(), z.unknown()), z.array(z.object({key: z.string(), value: z.unknown()}))]),
);
const Environment = optional(z.object({variables: Variables}));

const V1Build = z.object({
  application: optional(z.object({_id: Id})),
  build: z.object({
    _id: Id,
    status: Status,
    appId: optional(Id),
    workflowId: optional(z.string()),
    labels: Labels,
    environment: Environment,
    config: optional(z.object({environment: Environment})),
  }),
});

const V3Page = z.object({
  data: z.array(
    z.object({
      id: Id,
      status: Status,
      app_id: optional(Id),
      workflow: optional(z.object({id: z.string()})),
      created_at: optional(z.iso.datetime({offset: true, local: true})),
      labels: Labels,
    }),
  ),
  cursor: z.string().nullish(),
});

const V1Started = z.object({buildId: Id});

const V1Application = z.object({
  application: z.object({_id: Id, appName: optional(z.string()), branches: optional(z.array(z.string()))}),
});

/** `GET /builds/{id}`. Undefined: another shape. @see https://docs.codemagic.io/rest-api/builds/ */
export function readBuild(body: unknown): Build | undefined {
  const {data} = V1Build.safeParse(body);
  if (!data) return undefined;
  const {application, build} = data;
  const variables = build.environment?.variables ?? build.config?.environment?.variables;
  return {
    id: build._id,
    status: build.status,
    app: build.appId ?? application?._id,
    workflow: build.workflowId ?? undefined,
    createdAt: createdAt(build._id, undefined),
    labels: build.labels ?? undefined,
    variables: variables ? ownVariables(variables) : undefined,
  };
}

/** `GET /api/v3/teams/{team}/builds`. Undefined: another shape. @see https://codemagic.io/api/v3/schema */
export function readBuildPage(body: unknown): BuildPage | undefined {
  const {data: page} = V3Page.safeParse(body);
  if (!page) return undefined;
  const builds = page.data.map(
    (build): Build => ({
      id: build.id,
      status: build.status,
      app: build.app_id ?? undefined,
      workflow: build.workflow?.id,
      createdAt: createdAt(build.id, build.created_at ?? undefined),
      labels: build.labels ?? undefined,
      variables: undefined,
    }),
  );
  return {builds, cursor: page.cursor || undefined};
}

/** `POST /builds`: the id of the new build. Undefined: another shape. */
export function readStarted(body: unknown): string | undefined {
  return V1Started.safeParse(body).data?.buildId;
}

/** `GET /apps/{id}`. Undefined: another shape. @see https://docs.codemagic.io/rest-api/applications/ */
export function readApplication(body: unknown): Application | undefined {
  const {data} = V1Application.safeParse(body);
  if (!data) return undefined;
  const {_id, appName, branches} = data.application;
  return {name: appName ?? _id, branches: branches ?? undefined};
}

/** An id of 24 hexadecimal digits begins with the second in which it was made. */
const OBJECT_ID = /^([0-9a-f]{8})[0-9a-f]{16}$/i;

/** The two APIs tell different times of one build: what its id tells is the same in both. In milliseconds since the epoch. */
function createdAt(id: string, told: string | undefined): number | undefined {
  const [, seconds] = OBJECT_ID.exec(id) ?? [];
  if (seconds !== undefined) return Number.parseInt(seconds, 16) * 1000;
  const time = told === undefined ? Number.NaN : Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(told) ? told : `${told}Z`);
  return Number.isNaN(time) ? undefined : time;
}

function ownVariables(variables: NonNullable<z.infer<typeof Variables>>): Readonly<Record<string, string>> {
  const all = Array.isArray(variables)
    ? new Map(variables.map(({key, value}) => [key, value]))
    : new Map(Object.entries(variables));
  const own = [RUNNER_VARIABLE, DEPLOYMENT_VARIABLE].map((name) => [name, all.get(name)] as const);
  return Object.fromEntries(own.filter((pair): pair is [string, string] => typeof pair[1] === 'string'));
}
