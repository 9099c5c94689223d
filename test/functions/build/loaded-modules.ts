import {aSystem} from '../../builders/system';

/**
 * Runs in a separate process, because jest loads the modules in the process of a test: all functions serve a job from queued to gone, with the
 * environment's TRACING. Prints the loaded modules.
 */
async function main(tracing: string): Promise<void> {
  const exported: string[] = [];
  const exporter = {
    export(spans: {name: string}[], done: (result: {code: number}) => void) {
      exported.push(...spans.map(({name}) => name));
      done({code: 0});
    },
    shutdown: async () => undefined,
  };
  const system = await aSystem({env: {TRACING: tracing}, tracing: {exporter}});
  const job = system.queueJob();
  await system.finish();
  await system.close();
  const packages = Object.keys(require.cache).flatMap(
    (path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? [],
  );
  const own = Object.keys(require.cache).flatMap((path) => /shared\/telemetry\/([a-z-]+)\.ts$/.exec(path)?.[1] ?? []);
  const loaded = {conclusion: job.conclusion, packages: [...new Set(packages)], own, exported: exported.length};
  process.stdout.write(JSON.stringify(loaded));
}

void main(process.argv[2] ?? 'false');
