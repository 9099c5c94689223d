export interface TasksEmulator {
  readonly host: string;
  readonly port: number;
}

interface Connection {
  readonly emulator: TasksEmulator | undefined;
  readonly project: string | undefined;
}

/**
 * Google's client, loaded when the first task is created: it costs a quarter of a second, which a ping or an ignored event need not
 * wait for. REST, because gRPC needs longer for its first call. A client that could not start (no credentials yet) is not kept.
 */
export function tasksClientLoader(connection: Connection) {
  let client: ReturnType<typeof startClient> | undefined;
  return () => {
    client ??= startClient(connection).catch((error: unknown) => {
      client = undefined;
      throw error;
    });
    return client;
  };
}

async function startClient({emulator, project}: Connection) {
  const {CloudTasksClient} = await import('@google-cloud/tasks');
  const client = new CloudTasksClient({
    fallback: true,
    ...(project ? {projectId: project} : {}),
    ...(emulator ? await emulated(emulator, project) : {}),
  });
  await client.initialize();
  return client;
}

/** Without `auth` the client would ask the metadata server first, which off Google Cloud costs seconds. */
async function emulated({host, port}: TasksEmulator, project = 'emulated') {
  const {GoogleAuth, PassThroughClient} = await import('google-auth-library');
  const auth = new GoogleAuth({projectId: project, authClient: new PassThroughClient()});
  return {apiEndpoint: host, port, protocol: 'http', auth};
}
