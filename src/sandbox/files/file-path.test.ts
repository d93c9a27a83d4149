/** Spellings of paths: what is fine, what leads out, what some file system takes for a setting. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isGitFolder, pathProblem } from './file-path.ts';
import { isSettingsPath, SETTINGS_PATHS } from './settings-paths.ts';

describe('a path', () => {
  it('may be an ordinary one', () => {
    const fine = [
      'a',
      'src/a.ts',
      'ä/ß.txt',
      '.gitignore',
      'a..b',
      '...',
      'git/x',
      'com10',
      'a b/c',
    ];
    for (const path of fine) assert.equal(pathProblem(path), null, path);
  });

  it('may not lead out, hide something, or name another file on another system', () => {
    const bad = [
      ['', '.', '..', 'a/../b', '../a', 'a/..', './a', 'a//b', 'a/', '/etc/passwd', '//host/a'],
      [
        'a\\b',
        '..\\a',
        'C:\\a',
        'C:a',
        'a:stream',
        'a\0b',
        'a\nb',
        'a\u001b[0m',
        'a\u0085',
        'a\u007f',
      ],
      ['\ud800', 'a\ufffd', 'x'.repeat(256), 'x/'.repeat(2100) + 'x', 'nul', 'a/CON.txt', 'Lpt1'],
      ['.git', '.git/config', 'a/.GIT/hooks/x', '.git ', '.git.', '.git. .', '.g\u200cit', 'git~1'],
    ].flat();
    for (const path of bad) assert.notEqual(pathProblem(path), null, JSON.stringify(path));
  });
});

describe('names that are .git to some file system', () => {
  it('are found', () => {
    const names = ['.git', '.GIT', '.Git', 'GIT~1', 'git~1', 'git~2', '.git...', '.git  .'];
    const tricks = ['.git::$INDEX_ALLOCATION', '.git:x', '\u200d.g\u202ait\ufeff', '.\uff47it'];
    for (const name of [...names, ...tricks]) assert.ok(isGitFolder(name), JSON.stringify(name));
  });

  it('are not all that begin so', () => {
    for (const name of ['git', '.gitx', '.gitignore', 'gitx~1', '.github', '.gi', 'agit~1']) {
      assert.ok(!isGitFolder(name), name);
    }
  });
});

describe('settings', () => {
  it('are found at any depth and in any spelling', () => {
    for (const { name, reason } of SETTINGS_PATHS) {
      assert.equal(name, name.toLowerCase());
      assert.notEqual(reason, '');
      const spellings = [name, name.toUpperCase(), `a/b/${name}/c`, `${name}. `, `${name}:x`];
      const hidden = `${name.slice(0, 2)}\u200b${name.slice(2)}`;
      for (const path of [...spellings, hidden]) assert.ok(isSettingsPath(path), path);
    }
    const tricks = ['.v\u017fcode/tasks.json', '.CLAUDE\\x', 'a/VSCODE~1/x', 'cl1a2b~1'];
    const short = [
      'GITMOD~1',
      'gi7eba~1',
      'MCP~1.JSO',
      's\u212aein.yaml',
      'agents.md ',
      'AGENTS.MD',
    ];
    for (const path of [...tricks, ...short]) assert.ok(isSettingsPath(path), path);
  });

  it('are not ordinary files', () => {
    const paths = [
      'src/agents.ts',
      'vscode/a',
      'docs/claude/md',
      '.github/workflows/a.yml',
      'a.md',
    ];
    for (const path of [...paths, 'package.json', '.gitignore', 'x~1', 'agents~1']) {
      assert.ok(!isSettingsPath(path), path);
    }
  });
});
