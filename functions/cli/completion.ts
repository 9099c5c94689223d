import type {Command, Option} from 'commander';

export const SHELLS = ['bash', 'zsh'] as const;
export type Shell = (typeof SHELLS)[number];

/** A completion script that is made from the commands as they are declared: names, options, and what they may be. */
export function completionScript(program: Command, shell: Shell): string {
  return shell === 'bash' ? bash(program) : zsh(program);
}

/** Visible commands, `help` among them. */
function commandsOf(program: Command): readonly Command[] {
  return program.createHelp().visibleCommands(program);
}

function optionsOf(program: Command, command: Command): readonly Option[] {
  const help = program.createHelp();
  return [...help.visibleOptions(command), ...(command === program ? [] : program.options)];
}

function flagsOf(program: Command, command: Command): string[] {
  return optionsOf(program, command).flatMap(({long, short}) => [long, short].filter((flag) => flag !== undefined));
}

/** Words that an argument of the command may be. */
function wordsOf(command: Command): readonly string[] {
  return command.registeredArguments.flatMap(({argChoices}) => argChoices ?? []);
}

/** Options that take a value, and what it may be. */
function valuesOf(
  program: Command,
  command: Command,
): readonly {flag: string; values: readonly string[]; isFile: boolean}[] {
  return optionsOf(program, command)
    .filter((option) => option.required || option.optional)
    .flatMap((option) => {
      const values = option.argChoices ?? [];
      const isFile = option.long?.endsWith('-file') === true;
      return [option.long, option.short].flatMap((flag) => (flag === undefined ? [] : [{flag, values, isFile}]));
    });
}

function takesFile(command: Command): boolean {
  return command.registeredArguments.some((argument) => argument.name() === 'file');
}

function bash(program: Command): string {
  const name = program.name();
  const commands = commandsOf(program);
  const values = [program, ...commands].map((command) => {
    const rows = valuesOf(program, command).map(({flag, values: words, isFile}) => {
      const reply = isFile
        ? `COMPREPLY=($(compgen -f -- "$word"))`
        : `COMPREPLY=($(compgen -W "${words.join(' ')}" -- "$word"))`;
      return `        ${command === program ? '' : `${command.name()}`}:${flag}) ${reply}; return ;;`;
    });
    return rows.join('\n');
  });
  const words = [
    `    '') words="${[...commands.map((command) => command.name()), ...flagsOf(program, program)].join(' ')}" ;;`,
    ...commands.map(
      (command) =>
        `    ${command.name()}) words="${[...wordsOf(command), ...(command.name() === 'help' ? commands.map((one) => one.name()) : flagsOf(program, command))].join(' ')}"${takesFile(command) ? '; files=yes' : ''} ;;`,
    ),
  ];
  return `# bash completion of ${name}: source <(${name} completion bash)
_${name}() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command='' words='' files='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      ${commands.map((command) => command.name()).join(' | ')}) command="\${COMP_WORDS[i]}"; break ;;
    esac
  done
  COMPREPLY=()
  case "$command:$before" in
${values.filter(Boolean).join('\n')}
  esac
  case "$command" in
${words.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  if [[ -n $files && $word != -* ]]; then COMPREPLY+=($(compgen -f -- "$word")); fi
}
complete -o filenames -F _${name} ${name}`;
}

function zsh(program: Command): string {
  const name = program.name();
  const commands = commandsOf(program);
  const described = commands.map(
    (command) => `    ${quoted(`${command.name()}:${command.summary() || command.description()}`)}`,
  );
  const cases = commands.map((command) => {
    const specs = optionsOf(program, command).flatMap((option) => zshOption(option));
    return `    ${command.name()}) _arguments -s ${[...specs, ...zshArguments(command, commands)].join(' ')} ;;`;
  });
  return `#compdef ${name}
# zsh completion of ${name}: put it as _${name} into a folder of $fpath
_${name}() {
  local -a commands
  commands=(
${described.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
if [ "$funcstack[1]" = "_${name}" ]; then _${name} "$@"; else compdef _${name} ${name}; fi`;
}

/** @see https://zsh.sourceforge.io/Doc/Release/Completion-System.html#index-_005farguments */
function zshOption(option: Option): string[] {
  const text = option.description.replace(/[[\]:]/g, ' ');
  const value = option.required || option.optional ? `:value:${zshValue(option)}` : '';
  const flags = [option.long, option.short].filter((flag) => flag !== undefined);
  return flags.map((flag) => quoted(`*${flag}[${text}]${value}`));
}

function zshValue({argChoices, long}: Option): string {
  if (argChoices) return `(${argChoices.join(' ')})`;
  return long?.endsWith('-file') ? '_files' : '';
}

function zshArguments(command: Command, commands: readonly Command[]): string[] {
  if (command.name() === 'help') return [quoted(`1:command:(${commands.map((one) => one.name()).join(' ')})`)];
  if (takesFile(command)) return [quoted('1:file:_files')];
  const words = wordsOf(command);
  return words.length > 0 ? [quoted(`1:word:(${words.join(' ')})`)] : [];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
