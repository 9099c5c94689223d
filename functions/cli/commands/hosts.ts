import {hostToken} from '../../../shared/host-token';
import {isDeploymentName, isRfc1035} from '../../../shared/model/names';
import {type Host, Hosts} from '../answers';
import {type AddCommand, action} from '../command';
import {Failure, usage} from '../failure';
import {printJson} from '../session';
import {type Column, formatTable} from '../table';
import {age} from '../words';

export const addHosts: AddCommand = (program, setting) => {
  program
    .command('hosts')
    .summary('list the Docker hosts')
    .description('List the Docker hosts with their room, and when their agents last called.')
    .action(
      action(setting, async (session) => {
        const {value, raw} = await session.client().request(Hosts, {path: '/hosts'});
        const {terminal} = session;
        if (session.json) printJson(session, (raw as {hosts: unknown}).hosts);
        else if (value.hosts.length === 0) terminal.say('found no hosts');
        else terminal.print(formatTable(columns(session.host.clock.now()), value.hosts, terminal));
        return undefined;
      }),
    );
};

function columns(nowMs: number): readonly Column<Host>[] {
  return [
    {title: 'HOST', cell: ({name}) => name, keeps: true},
    {title: 'CONTAINERS', cell: ({containers, capacity}) => `${containers} of ${capacity}`},
    {title: 'SEEN', cell: ({last_seen}) => age(last_seen, nowMs) ?? 'never', keeps: true},
    {
      title: 'STATE',
      cell: ({silent, vm}) =>
        silent ? {text: 'silent', style: 'red'} : vm !== null && vm !== 'running' ? `VM ${vm}` : 'ok',
    },
    {title: 'AGENT', cell: ({agent}) => agent},
  ];
}

export const addHostToken: AddCommand = (program, setting) => {
  program
    .command('host-token')
    .summary('print the token of a Docker host')
    .description(
      'Print the token with which the agent of a Docker host calls the API. It is made of the secret, the deployment and the name of the host, and is valid as long as the secret.',
    )
    .argument('<host>', 'name of the host in RUNNER_CONFIG')
    .option(
      '--deployment <name>',
      'name of the deployment; unless given, the API is asked, and whether it has this host',
    )
    .action(
      action(setting, async (session, options: {readonly deployment?: string}, host: string) => {
        if (!isRfc1035(host)) throw usage('host-token: expected the name of a host: a-z, 0-9 and -, a letter first');
        const given = options.deployment;
        if (given !== undefined && !isDeploymentName(given))
          throw usage('--deployment: expected the name of a deployment');
        const deployment = given ?? (await deploymentWith(host));
        const token = hostToken(session.secret(), deployment, host);
        if (session.json) printJson(session, {host, deployment, token});
        else session.terminal.print(token);
        return undefined;

        async function deploymentWith(name: string): Promise<string> {
          const {value} = await session.client().request(Hosts, {path: '/hosts'});
          if (value.hosts.some((each) => each.name === name)) return value.deployment;
          throw new Failure(`found no host ${name}; slipway hosts lists the hosts of RUNNER_CONFIG`);
        }
      }),
    );
};
