/** What explains a difference from the plan: lines that a command may change, and nothing else. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Hunk, OtherChange, TreeChanges } from '#workspace/trees/changed-hunks.ts';
import { findOutside, findUnexplained, type AllowedLines, type Finding } from './explain-hunks.ts';
import { makeLineMatcher } from './line-pattern.ts';

const hunk = (newStart: number, gone: string, come: string): Hunk => ({
  path: 'a.ts',
  oldStart: newStart,
  oldLines: [...gone].map((letter) => `${letter}\n`),
  newStart,
  newLines: [...come].map((letter) => `${letter}\n`),
});

const CHANGE: TreeChanges = { hunks: [hunk(2, 'b', 'BC'), hunk(9, 'i', '')], others: [] };

const BYTES: OtherChange = { path: 'a.ts', what: 'binary', from: '1', to: '2' };

const rule = (paths: readonly string[], pattern: string): AllowedLines => ({
  paths,
  matcher: makeLineMatcher(pattern),
});

const short = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ path, line, what, text }) => `${path}:${line} ${what} ${text}`);

const unexplained = (change: TreeChanges, ...rules: readonly AllowedLines[]): readonly string[] =>
  short(findUnexplained(change, rules));

describe('a difference from the plan', () => {
  it('is none when there is none', () => {
    assert.deepEqual(unexplained({ hunks: [], others: [] }), []);
  });

  it('is told line by line: what is there, and what is not', () => {
    assert.deepEqual(unexplained(CHANGE), [
      'a.ts:2 extra B',
      'a.ts:3 extra C',
      'a.ts:2 missing b',
      'a.ts:9 missing i',
    ]);
  });

  it('is told in words where it is not of lines', () => {
    const whats = ['added', 'deleted', 'mode', 'type', 'link', 'submodule', 'binary'] as const;
    const others = whats.map((what): OtherChange => ({ path: what, what, from: '1', to: '2' }));
    assert.deepEqual(unexplained({ hunks: [], others }), [
      'added:1 other is a new file',
      'deleted:1 other was deleted',
      'mode:1 other has another mode (2, not 1)',
      'type:1 other is of another kind (2, not 1)',
      'link:1 other is a link that points elsewhere',
      'submodule:1 other is a submodule at another commit',
      'binary:1 other has other bytes, which are no text',
    ]);
  });
});

describe('lines that a command may change', () => {
  it('are those that match in its files, coming or going', () => {
    assert.deepEqual(unexplained(CHANGE, rule(['a.ts'], '^[bBCi]$')), []);
    assert.deepEqual(unexplained(CHANGE, rule(['a.ts'], '^[bC]$')), [
      'a.ts:2 extra B',
      'a.ts:9 missing i',
    ]);
    assert.equal(unexplained(CHANGE, rule(['b.ts'], '')).length, 4);
  });

  it('may be allowed by any of several commands', () => {
    const both = [rule(['a.ts'], '^[bBC]$'), rule(['b.ts', 'a.ts'], '^i$')];
    assert.deepEqual(unexplained(CHANGE, ...both), []);
    assert.equal(unexplained(CHANGE, rule(['a.ts'], '^[bBC]$'), rule(['b.ts'], '^i$')).length, 1);
  });

  it('are looked at without their ends, and told with a return', () => {
    const ends = { hunks: [{ ...hunk(1, '', ''), newLines: ['B\r\n', 'b'] }], others: [] };
    assert.deepEqual(unexplained(ends, rule(['a.ts'], '^[bB]$')), []);
    assert.deepEqual(unexplained(ends, rule(['a.ts'], '^b$')), ['a.ts:1 extra B\r']);
  });

  it('are never modes, files more or less, or bytes', () => {
    assert.equal(unexplained({ hunks: [], others: [BYTES] }, rule(['a.ts'], '')).length, 1);
  });
});

describe('a write set', () => {
  it('names what changes outside of it, by hunk', () => {
    const change = { ...CHANGE, others: [BYTES] };
    assert.deepEqual(findOutside(change, ['a.ts']), []);
    assert.deepEqual(short(findOutside(change, ['b.ts'])), [
      'a.ts:2 outside B',
      'a.ts:9 outside i',
      'a.ts:1 outside has other bytes, which are no text',
    ]);
  });
});
