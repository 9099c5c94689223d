import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';

const ROOT = join(__dirname, '../..');
export const EXAMPLES = 'terraform/examples';

/** The folders of Terraform's examples. */
export const EXAMPLE_FOLDERS = readdirSync(join(ROOT, EXAMPLES));

/** Files that show pools to somebody who deploys with Terraform. `many-repositories/main.tf` reads its pools from the file beside it. */
export const DEPLOYED = [
  'terraform/terraform.tfvars.example',
  ...EXAMPLE_FOLDERS.flatMap((example) =>
    readdirSync(join(ROOT, EXAMPLES, example))
      .filter((file) => file === 'main.tf' || file === 'pools.yaml')
      .map((file) => `${EXAMPLES}/${example}/${file}`),
  ),
];

/** The pools in a file: a here-document of Terraform, a block of YAML or JSON, or all of it. Placeholders stand for acme/app in us-central1, and for the emulated EC2's region and subnets. */
export function poolsIn(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const found = file.endsWith('.yaml')
    ? [text]
    : [...text.matchAll(/<<-(?:YAML|JSON)\n([\s\S]*?)\n *(?:YAML|JSON)$|^```(?:yaml|json)\n([\s\S]*?)^```/gm)].map(
        ([, here, block]) => (here === undefined ? (block ?? '') : unindented(here)),
      );
  return found
    .map((pools) => (/^ {2}- (?:name|repos?|org):/.test(pools) ? `pools:\n${pools}` : pools))
    .filter((pools) => /^ *pools:|vm_instance_name/m.test(pools))
    .map((pools) =>
      pools
        .replaceAll(/\$\{var\.region\}|\$REGION/g, 'us-central1')
        .replaceAll(/\$\{var\.aws_region\}/g, 'eu-central-1')
        .replaceAll(/\$\{jsonencode\([\w.]+\.ids\)\}/g, '[subnet-a, subnet-b]')
        .replaceAll('subnet-0123456789abcdef0', 'subnet-a')
        .replaceAll('subnet-0123456789abcdef1', 'subnet-b')
        .replaceAll('OWNER/REPOSITORY', 'acme/app'),
    );
}

/** As Terraform reads `<<-`: without the indentation that all lines share. */
function unindented(text: string): string {
  const indentations = [...text.matchAll(/^( *)\S/gm)].map(([, spaces = '']) => spaces.length);
  return text.replaceAll(new RegExp(`^ {${Math.min(...indentations)}}`, 'gm'), '');
}
