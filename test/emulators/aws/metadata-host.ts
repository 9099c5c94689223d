const NAME = 'GCE_METADATA_HOST';

/** From now on Google's client asks this metadata server: it reads the environment of the process. Returns what takes it back. */
export function useMetadataServer(host: string): () => void {
  // biome-ignore lint/style/noProcessEnv: the client gives no other way.
  const env = process.env;
  const before = env[NAME];
  env[NAME] = host;
  return () => {
    if (before === undefined) delete env[NAME];
    else env[NAME] = before;
  };
}
