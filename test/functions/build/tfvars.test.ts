import {readJsonTfvars, readTfvars} from '../../../functions/build/tfvars';

const FLUSH = `// what terraform reads, too
other = { a = [1, "}", <<E
  pools = "no"
E
] } # the end
/* pools = "no" */ pools = <<-YAML
    pools:
      - name: "a" # $\${x} %%{y} \\n

      - name: ä
  YAML
`;

// Each text is the one that terraform 1.11 gives the variable.
test.each([
  ['a heredoc without its indentation', FLUSH, `pools:\n  - name: "a" # \${x} %{y} \\n\n\n  - name: ä\n`],
  ['a heredoc with its indentation', 'pools = <<YAML\n  a\n b\nYAML\n', '  a\n b\n'],
  ['a text in quotes', `pools = "a\\n\\"b\\" \\u00e4 $\${x} \\\\n"   # c`, `a\n"b" ä \${x} \\n`],
  ['the last of several', 'pools = "a"\nx = 3\npools = "b"\n', 'b'],
  ['a file with Windows line ends', 'x = 1\r\npools = <<-A\r\n  b\r\n  A\r\n', 'b\r\n'],
])('%s', (_, source, text) => {
  expect(readTfvars(source, 'pools')).toEqual({kind: 'text', text});
});

test.each([
  ['no such variable', 'x = "pools = 1"\nmy-pools = "a"\n', {kind: 'absent'}],
  ['an empty file', '', {kind: 'absent'}],
  ['a call', 'pools = file("a")', {kind: 'unreadable', because: 'line 1 is not a plain text'}],
  ['an expression in a text', `pools = "\${var.a}"`, {kind: 'unreadable', because: 'it holds an expression'}],
  ['a text without an end', 'x = 1\npools = "a\n', {kind: 'unreadable', because: 'the value at line 2 has no end'}],
  [
    'a bracket without an end',
    'x = [1,\npools = "a"\n',
    {kind: 'unreadable', because: 'the value at line 1 has no end'},
  ],
  ['no tfvars', 'pools: []', {kind: 'unreadable', because: 'found no "name = value" at line 1'}],
])('%s is told', (_, source, expected) => {
  expect(readTfvars(source, 'pools')).toEqual(expected);
});

test.each([
  ['{"pools": "a", "x": {}}', {kind: 'text', text: 'a'}],
  ['{"x": 1}', {kind: 'absent'}],
  ['{"pools": []}', {kind: 'unreadable', because: 'pools is no text'}],
  ['{', {kind: 'unreadable', because: 'it is no JSON'}],
])('of JSON: %s', (source, expected) => {
  expect(readJsonTfvars(source, 'pools')).toEqual(expected);
});
