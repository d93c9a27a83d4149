/** Values in commands, read by a real shell: whatever they hold, each is one word. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fillIn, forExpression, forShell, plainly, shellProblem } from './placeholders.ts';

const NASTY = [
  "it's",
  '$(id)',
  '`id`',
  'a; echo b',
  'a && b | c > d',
  '"',
  "'; echo x; '",
  '\\',
  "\\'",
  '* ? [a]',
  ' a  b ',
  '~',
  '#',
  '!x',
  '$HOME ${HOME}',
  'é😀',
];

/** The words that a shell makes of arguments. */
const wordsOf = (args: string): string[] =>
  execFileSync('sh', ['-c', `for word in ${args}; do printf '%s\\n' "$word"; done`], {
    encoding: 'utf8',
  })
    .split('\n')
    .slice(0, -1);

describe('a value in a command', () => {
  it('is one word, and every file of a list is one', () => {
    for (const value of NASTY) {
      const command = fillIn('{v} --x={v}', new Map([['v', value]]), forShell);
      assert.deepEqual(wordsOf(command), [value, `--x=${value}`]);
    }
    const list = fillIn('{v}', new Map([['v', NASTY]]), forShell);
    assert.deepEqual(wordsOf(list), NASTY);
  });

  it('would be something else without its quotes', () => {
    assert.deepEqual(wordsOf(plainly('$(echo hit)')), ['hit']);
    assert.deepEqual(wordsOf(plainly('a b')), ['a', 'b']);
  });

  it('that begins with - is no option', () => {
    assert.equal(forShell(['-rf', 'a']), "'./-rf' 'a'");
  });
});

describe('a command', () => {
  const names = new Set(['v']);
  /** Commands, and a value that would become code in them. */
  const refused: readonly (readonly [string, string])[] = [
    [`echo '{v}'`, '$(echo hit)'],
    ['echo "{v}"', '$(echo hit)'],
    ['echo \\{v}', "$(echo hit)'"],
    ['cat <<E\n{v}\nE', '$(echo hit)'],
  ];
  for (const [command, value] of refused) {
    it(`is refused: ${JSON.stringify(command)}`, () => {
      assert.match(shellProblem(command, names) ?? '', /\{v\}/u);
      // the twin: a shell would run what is in the value
      const filled = fillIn(command, new Map([['v', value]]), forShell);
      const ran = execFileSync('sh', ['-c', filled], { encoding: 'utf8' });
      assert.match(ran, /hit/u);
      assert.doesNotMatch(ran, /echo/u);
    });
  }

  it('is refused where a shell may read quotes in another way', () => {
    for (const command of ['echo `{v}`', 'echo ${v}', "# don't\necho {v}"]) {
      assert.match(shellProblem(command, names) ?? '', /\{v\}/u, command);
    }
  });

  it('is taken with names outside of quotes, and with braces that are no names', () => {
    const commands = [`echo 'a' {v} "b"`, 'echo \'{w}\' "${w}" {v}', `a \\\\{v}`, 'echo "\\"" {v}'];
    for (const command of commands) assert.equal(shellProblem(command, new Set(['v'])), undefined);
  });
});

describe('other texts', () => {
  it('take values as they are, or as they are looked for', () => {
    const values = new Map([['v', 'a.b']]);
    assert.equal(fillIn('{v} {w} {v}', values, plainly), 'a.b {w} a.b');
    assert.equal(new RegExp(`^${fillIn('{v}', values, forExpression)}$`, 'u').test('axb'), false);
    assert.equal(new RegExp(`^${fillIn('{v}', values, forExpression)}$`, 'u').test('a.b'), true);
  });
});
