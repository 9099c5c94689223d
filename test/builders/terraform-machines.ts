import {readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import type {GivenInstance} from '../emulators/compute/model';
import type {Json, Template} from '../emulators/compute/resources';
import {terraformFile} from './terraform-files';

const ROOT = join(__dirname, '../..');
const MACHINES = terraformFile('machines.tf');

/** What an example says of a template or persistent VM: `machine_type`, `disk_type`, `zone`. */
export type MachineSettings = Readonly<Record<string, string>>;

/** `runner_templates` or `persistent_vms` of a file of Terraform, or of `main.tf` beside it; without one in it, nothing. */
export function machinesIn(
  file: string,
  variable: 'runner_templates' | 'persistent_vms',
): ReadonlyMap<string, MachineSettings> {
  const text = readFileSync(join(ROOT, file.endsWith('.yaml') ? join(dirname(file), 'main.tf') : file), 'utf8');
  const block = new RegExp(`^ {2}${variable} = \\{\\n([\\s\\S]*?)^ {2}\\}`, 'm').exec(text)?.[1] ?? '';
  const machines = [...block.matchAll(/^ {4}([a-z0-9-]+) += \{([\s\S]*?)(?:\}$|^ {4}\})/gm)];
  return new Map(
    machines.map(([, name = '', body = '']) => [
      name,
      Object.fromEntries(
        [...body.matchAll(/(\w+) += "([^"]*)"/g)].map(([, key = '', value = '']) => [
          key,
          value.replaceAll(/\$\{var\.region\}/g, 'us-central1'),
        ]),
      ),
    ]),
  );
}

/** The instance template that `templates.tf` makes. */
export function terraformTemplate(name: string, region: string, settings: MachineSettings): Template {
  const machineType = settings['machine_type'] ?? 'e2-standard-4';
  const maintenance = literal('templates.tf', /on_host_maintenance += "(\w+)"/);
  return {
    name,
    region,
    properties: {
      machineType,
      metadata: {items: [{key: 'startup-script', value: '#!/bin/bash'}]},
      disks: bootDisk(machineType, settings),
      scheduling: {
        automaticRestart: false,
        onHostMaintenance: maintenance,
        instanceTerminationAction: 'DELETE',
        maxRunDuration: {seconds: 86_400},
      },
    },
  };
}

/** The VM that `vms/main.tf` makes. */
export function terraformVm(name: string, zone: string, settings: MachineSettings): GivenInstance {
  const machineType = settings['machine_type'] ?? 'e2-standard-4';
  return {
    name,
    zone,
    machineType,
    scheduling: persistentScheduling(machineType),
    disks: bootDisk(machineType, settings),
  };
}

function persistentScheduling(machineType: string): Json {
  const [, yes = '', no = ''] = /is_migrated \? "(\w+)" : "(\w+)"/.exec(terraformFile('vms/main.tf')) ?? [];
  const stays = pattern('gpus').test(machineType) || pattern('not_migrated').test(machineType);
  return {automaticRestart: false, onHostMaintenance: stays ? no : yes};
}

function bootDisk(machineType: string, settings: MachineSettings): readonly object[] {
  const [, hyperdisk, other] = /local\.hyperdisk\[key\] \? "([\w-]+)" : "([\w-]+)"/.exec(MACHINES) ?? [];
  const fitting = pattern('hyperdisk').test(machineType) ? hyperdisk : other;
  return [{boot: true, initializeParams: {diskType: settings['disk_type'] ?? fitting}}];
}

/** The machine types that a local value of `machines.tf` is about. */
function pattern(local: string): RegExp {
  return new RegExp(
    literal('machines.tf', new RegExp(`^ {2}${local} += .*regex\\("([^"]+)", machine\\.machine_type\\)`, 'm')),
  );
}

function literal(file: string, find: RegExp): string {
  const found = find.exec(terraformFile(file))?.[1];
  if (!found) throw new Error(`found nothing like ${find} in ${file}, expected the module to say it so`);
  return found;
}
