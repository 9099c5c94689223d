import {readFileSync} from 'node:fs';
import {Option} from 'commander';
import {isOwner, REGION} from '../../../shared/model/names';
import {checkText} from '../check';
import {type AddCommand, action, type Found, repository} from '../command';
import {usage} from '../failure';
import {SYSTEMS} from '../migrate/systems';
import {type Context, parseText, toYaml} from '../migrate/translation';
import {printJson, type Session} from '../session';
import {plain} from '../terminal';
import {count} from '../words';

/** No other system asks for this. */
const PUBLIC = 'Jobs of public repositories are ignored unless a pool says allowPublicRepos: true, docs/security.md.';

interface MigrateOptions extends Context {
  readonly from: string;
}

export const addMigrate: AddCommand = (program, setting) => {
  program
    .command('migrate')
    .summary("make a file of pools from another system's configuration")
    .description(
      "Translate another system's configuration into a file of pools (RUNNER_CONFIG), with what you have to decide as comments. Needs no network and no secret. docs/migrate.md says which file of which system.",
    )
    .argument('<file>', 'YAML or JSON; - reads stdin')
    .addOption(new Option('--from <system>', 'the other system').choices(Object.keys(SYSTEMS)).makeOptionMandatory())
    .option('--org <name>', 'the organisation whose runners they are, unless the file says it')
    .option('-R, --repo <owner/name>', 'in place of the organisation: one repository', repository)
    .option('--region <region>', 'the region of the machines')
    .option(
      '--template <name>',
      'the instance template of every pool; else runner-x64, runner-arm64 and runner-windows',
    )
    .action(action(setting, async (session, options: MigrateOptions, file: string) => migrate(session, options, file)));
};

async function migrate(session: Session, options: MigrateOptions, file: string): Promise<Found | undefined> {
  const {from, org, region} = options;
  if (org !== undefined && !isOwner(org)) throw usage('--org: expected the name of an organisation');
  if (region !== undefined && !REGION.test(region)) throw usage('--region: expected a region such as us-central1');
  const translate = SYSTEMS[from];
  if (!translate) throw usage(`--from: expected one of ${Object.keys(SYSTEMS).join(', ')}`);
  const {pools: translated, remarks} = translate(
    parseText(file === '-' ? await session.host.stdin() : read(file)),
    options,
  );
  const translation = {pools: translated, remarks: [...remarks, PUBLIC]};
  const yaml = toYaml(translation);
  const checked = checkText(yaml);
  if (session.json) {
    const pools = translation.pools.map(({pool, remarks}) => ({...pool, remarks}));
    printJson(session, {pools, remarks: translation.remarks});
  } else {
    session.terminal.print(yaml.trimEnd());
  }
  if (checked.kind === 'valid') {
    session.terminal.say(
      `slipway: ${count(checked.pools.length, 'pool')}; read the comments, then try jobs with slipway check`,
    );
    return undefined;
  }
  for (const {path, found, expected} of checked.problems) {
    session.terminal.say(plain(`slipway: ${path}: found ${found}, expected ${expected}`));
  }
  return 1;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'an error';
    throw usage(`${plain(file)} cannot be read (${code}): give the path of the other system's file`);
  }
}
