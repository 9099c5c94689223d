import {gunzipSync} from 'node:zlib';

/** What cloud-init would find in the user data of an instance, by the names of the shell variables. */
export function variablesIn(userData: string): Readonly<Record<string, string>> {
  if (userData === '') return {};
  const raw = Buffer.from(userData, 'base64');
  const isZipped = raw[0] === 0x1f && raw[1] === 0x8b;
  const script = (isZipped ? gunzipSync(raw) : raw).toString('utf8');
  const lines = script.split('\n').slice(1);
  const end = lines.findIndex((line) => !/^SLIPWAY_[A-Z_]+=/.test(line));
  return Object.fromEntries(
    lines.slice(0, end < 0 ? lines.length : end).map((line) => {
      const [name = '', value = ''] = line.split(/=(.*)/s);
      return [name, value.replace(/^'(.*)'$/s, '$1')];
    }),
  );
}
