import {join} from 'node:path';
import {Language, type Node, Parser} from '@vscode/tree-sitter-wasm';

/**
 * Cmdlets and programs of Windows Server 2022 and later with Windows PowerShell 5.1 that the scripts may use, by module: what is not here is
 * misspelt, or has to be looked up before it is added. https://learn.microsoft.com/powershell/module/?view=powershell-5.1
 */
const COMMANDS = [
  // Microsoft.PowerShell.Core, .Utility, .Management, .Security
  'ForEach-Object Where-Object Out-Null Set-StrictMode Add-Type New-Object Select-Object Sort-Object Get-FileHash',
  'Get-ChildItem Get-Content Get-Item Get-Process Join-Path New-Item Remove-Item Set-Location Start-Process Start-Sleep Stop-Process Test-Path',
  'ConvertTo-SecureString',
  // Microsoft.PowerShell.LocalAccounts
  'Add-LocalGroupMember Enable-LocalUser Get-LocalGroupMember Get-LocalUser New-LocalUser Set-LocalUser',
  // NetSecurity, PKI, ScheduledTasks
  'New-NetFirewallRule Remove-NetFirewallRule Set-NetFirewallProfile Import-Certificate',
  'Get-ScheduledTask Get-ScheduledTaskInfo New-ScheduledTaskAction New-ScheduledTaskSettingsSet Register-ScheduledTask Start-ScheduledTask Stop-ScheduledTask',
  'cmd.exe icacls.exe powershell.exe shutdown.exe',
].flatMap((line) => line.split(' '));

/** Set by PowerShell itself. */
const AUTOMATIC = new Set(['_', 'null', 'true', 'false', 'lastexitcode', 'erroractionpreference']);

/** Operators that Windows PowerShell 5.1 does not have. */
const NEWER = new Set(['&&', '||', '??', '??=', '?', '?.', '?[']);

export type Lint = (text: string) => readonly string[];

/**
 * What is wrong with a script of PowerShell as far as its syntax tree tells: what does not parse, commands and variables that there are not,
 * functions that nobody calls, characters and operators that Windows PowerShell 5.1 does not read.
 */
export async function createLint(): Promise<Lint> {
  await Parser.init();
  const folder = join(require.resolve('@vscode/tree-sitter-wasm'), '..');
  const parser = new Parser();
  parser.setLanguage(await Language.load(join(folder, 'tree-sitter-powershell.wasm')));
  return (text) => {
    const tree = parser.parse(text);
    if (!tree) throw new Error('the parser gave nothing');
    try {
      const nodes = [...nodesOf(tree.rootNode)];
      return [
        ...notAscii(text),
        ...nodes.filter((node) => node.isError || node.isMissing).map((node) => `${at(node)}: does not parse`),
        ...nodes.filter(({type}) => NEWER.has(type)).map((node) => `${at(node)}: ${node.type} is newer than 5.1`),
        ...commandProblems(nodes),
        ...variableProblems(nodes),
      ];
    } finally {
      tree.delete();
    }
  };
}

function commandProblems(nodes: readonly Node[]): readonly string[] {
  const functions = nodes.filter(({type}) => type === 'function_name').map(({text}) => text);
  const called = nodes.filter(({type}) => type === 'command_name');
  const known = new Set([...COMMANDS, ...functions]);
  const names = new Set(called.map(({text}) => text));
  return [
    ...called.filter(({text}) => !known.has(text)).map((node) => `${at(node)}: there is no command ${node.text}`),
    ...functions.filter((name) => !names.has(name)).map((name) => `nobody calls ${name}`),
  ];
}

function variableProblems(nodes: readonly Node[]): readonly string[] {
  const variables = nodes.filter(({type}) => type === 'variable');
  const assigned = new Set(variables.filter(isAssigned).map(nameOf));
  return variables
    .filter((node) => {
      const name = nameOf(node);
      return !assigned.has(name) && !AUTOMATIC.has(name) && !name.startsWith('env:');
    })
    .map((node) => `${at(node)}: nothing sets ${node.text}`);
}

/** The left side of an assignment, a parameter, or the variable of a loop. */
function isAssigned(node: Node): boolean {
  for (let parent = node.parent; parent; parent = parent.parent) {
    if (parent.type === 'left_assignment_expression' || parent.type === 'script_parameter') return true;
    if (parent.type === 'foreach_statement')
      return parent.namedChildren.find((one) => one?.type === 'variable')?.id === node.id;
    if (parent.type === 'pipeline' || parent.type === 'statement_block') return false;
  }
  return false;
}

/** PowerShell does not look at case; a scope is left out, since the scripts' functions read the script's variables without one. */
function nameOf({text}: Node): string {
  return text
    .replace(/^[$@]\{?|\}$/g, '')
    .replace(/^script:/i, '')
    .toLowerCase();
}

/** The guest agent stores the script without a byte order mark, and 5.1 takes such a file for text of the system's code page. */
function notAscii(text: string): readonly string[] {
  const found = /[^\n\x20-\x7e]/.exec(text);
  return found ? [`found ${JSON.stringify(found[0])}, expected ASCII`] : [];
}

function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const child of node.children) if (child) yield* nodesOf(child);
}

const at = ({startPosition: {row, column}}: Node) => `${row + 1}:${column + 1}`;
