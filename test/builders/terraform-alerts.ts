import {compileQuery, type Entry, extract} from './logging-query';
import {terraformFile} from './terraform-files';

/** The default settings of the module, by the expression that Terraform puts in. Another expression throws. */
const SETTINGS: Readonly<Record<string, string>> = {
  'var.deployment': 'slipway',
  'module.fields.monitoring.job_wait_minutes': defaultOf('job_wait_minutes'),
  'module.fields.monitoring.job_wait_minutes * 60': String(Number(defaultOf('job_wait_minutes')) * 60),
  'join("|", keys(local.functions))': 'api|provision|stop|sweep|webhook',
  'local.function_names["sweep"]': 'slipway-sweep',
};

/** An alert on log lines, as `alerts.tf` has it. */
export interface LogAlert {
  readonly key: string;
  readonly filter: string;
  /** By the name of the label. */
  readonly extractors: Readonly<Record<string, string>>;
}

export function logAlerts(): LogAlert[] {
  const text = terraformFile('alerts.tf');
  const [, source = ''] = /^ {2}log_source = "(.*)"$/m.exec(terraformFile('metrics.tf')) ?? [];
  const presets = new Map(
    [...blockOf(text, 'alert_labels').matchAll(/^ {4}(\w+) += \{ (.*) \}$/gm)].map(([, name = '', pairs = '']) => [
      name,
      Object.fromEntries(
        [...pairs.matchAll(/(\w+) = "([^"]*)"/g)].map(([, label = '', extractor = '']) => [label, extractor]),
      ),
    ]),
  );
  const alerts = blockOf(text, 'log_alerts').matchAll(
    /^ {4}(\w+) = \{\n +name += "(?:.*)"\n +filter = "(.*)"\n +labels = \[(.*)\]\n {4}\}$/gm,
  );
  return [...alerts].map(([, key = '', filter = '', labels = '']) => ({
    key,
    filter: `${literal(source)} AND ${literal(filter)}`,
    extractors: Object.assign({}, ...[...labels.matchAll(/"(\w+)"/g)].map(([, name = '']) => presets.get(name))),
  }));
}

/** The filters of the alerts on Cloud Run's count of requests: of 5xx answers, and of the sweep's silence. */
export function requestFilters(): {readonly errors: readonly string[]; readonly sweeps: string} {
  const text = terraformFile('alerts.tf');
  const [, common = ''] = /filter += "(resource\.type=[^\n]*) AND \$\{conditions\.value\}"/.exec(text) ?? [];
  const [, sweeps = ''] = /condition_absent \{\n +filter += "(.*)"/.exec(text) ?? [];
  const errors = [...blockOf(text, 'errors_5xx').matchAll(/ = "(resource\..*)"$/gm)].map(([, own = '']) => own);
  return {errors: errors.map((own) => `${literal(common)} AND ${literal(own)}`), sweeps: literal(sweeps)};
}

/** A line of a function as Cloud Run hands it to Cloud Logging. */
export function logEntry(line: string): Entry {
  const {severity, time: _, ...jsonPayload} = JSON.parse(line) as Record<string, unknown>;
  const service_name = `slipway-${String(jsonPayload['function'])}`;
  return {resource: {type: 'cloud_run_revision', labels: {service_name}}, severity, jsonPayload};
}

/** Incidents of the alerts that the lines open: by the alert's key, each combination of extracted values once. */
export function incidents(lines: readonly string[]): Map<string, Record<string, string | undefined>[]> {
  const entries = lines.map(logEntry);
  const opened = new Map<string, Record<string, string | undefined>[]>();
  for (const {key, filter, extractors} of logAlerts()) {
    const values = entries
      .filter(compileQuery(filter))
      .map((entry) =>
        Object.fromEntries(Object.entries(extractors).map(([label, extractor]) => [label, extract(extractor, entry)])),
      );
    const different = new Map(values.map((labels) => [JSON.stringify(labels), labels]));
    if (different.size > 0) opened.set(key, [...different.values()]);
  }
  return opened;
}

/** A text of Terraform with its escapes and settings put in. */
function literal(text: string): string {
  return text
    .replaceAll('\\"', '"')
    .replaceAll('\\\\', '\\')
    .replace(/\$\{([^}]*)\}/g, (_, expression: string) => {
      const value = SETTINGS[expression];
      if (value === undefined) throw new Error(`found \${${expression}} in a filter, expected one of SETTINGS`);
      return value;
    });
}

function blockOf(text: string, name: string): string {
  const found = new RegExp(`^ {2}${name} = \\{\\n([\\s\\S]*?)^ {2}\\}`, 'm').exec(text)?.[1];
  if (found === undefined) throw new Error(`found no block ${name} in Terraform's file`);
  return found;
}

function defaultOf(setting: string): string {
  const [, value] =
    new RegExp(`${setting} += optional\\(number, (\\d+)\\)`).exec(terraformFile('fields/settings.tf')) ?? [];
  if (value === undefined) throw new Error(`found no default of ${setting}`);
  return value;
}
