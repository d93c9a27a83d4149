/** The live block on a real terminal: drawn in place, resized, asked over, and gone at the end. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { STORY, until as storyUntil } from '#cli/terminal/fixtures/swarm-story.ts';
import { textWidth } from '#cli/terminal/text-width.ts';
import { openTerminal, withoutTerminal, type Terminal } from '../support/terminal.ts';

const skip = withoutTerminal();
const REPLAY = fileURLToPath(new URL('programs/replay-story.ts', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'skein-live-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

interface Replay extends Terminal {
  /** Goes on to so many events, or to `end`, `exit`, `throw`, `ask`. */
  readonly go: (step: number | string) => void;
}

/** The story of a swarm, shown on a terminal as far as a test says. */
function replay(columns: number, rows: number, env: Readonly<Record<string, string>> = {}): Replay {
  const file = join(folder, String((files += 1)));
  const go = (step: number | string): void => writeFileSync(file, String(step));
  go(0);
  const command = [process.execPath, REPLAY, file];
  return { ...openTerminal({ command, columns, rows, env }), go };
}

const AT_WORK = storyUntil('edit.intended').length;
const REFUSED = storyUntil('mission.planned', 'last').length;

/** The heads of blocks. */
const heads = (shown: string): number =>
  shown.match(/^--- (?:at work|its plan|planning|ended)/gmu)?.length ?? 0;

function assertGone(terminal: Terminal): void {
  assert.equal(heads(terminal.everything()), 0, terminal.everything());
  assert.doesNotMatch(terminal.everything(), /^(?:leases|idle|task \d) {2}/mu);
  assert.equal(terminal.variable('cursor_flag'), '1', 'the cursor is seen');
  assert.equal(terminal.variable('wrap_flag'), '1', 'long lines wrap again');
}

describe('the live block', { skip, concurrency: 2 }, () => {
  it('stands below the story, which scrolls above it', async () => {
    const terminal = replay(80, 24);
    terminal.go(AT_WORK);
    await terminal.saw(
      /takes task 3\n\n--- at work, 1 of 5 tasks done, [\d:]+ -+\ncoder-1 +task 2 {2}edit packages/u,
    );
    terminal.go(REFUSED);
    await terminal.saw(/changed plan \d+ waits for an answer\n\n--- its plan waits/u);
    await terminal.saw(/^last +refused by guardrail parses: scripts\/report\.ts of coder-1/mu);
    assert.equal(heads(terminal.everything()), 1);
    terminal.go(STORY.length);
    await terminal.saw(/git commit 3333333333/u);
    terminal.go('end');
    await terminal.saw(/closed after \d+ events[^]*ended with 0/u);
    assertGone(terminal);
    assert.match(terminal.everything(), /safety over swarm: guardrail:parses over agent:coder-1/u);
  });

  for (const [columns, rows] of [
    [40, 12],
    [120, 40],
  ] as const) {
    it(`fits into ${columns} columns and ${rows} rows`, async () => {
      const terminal = replay(columns, rows);
      terminal.go(REFUSED);
      await terminal.saw(/^--- its plan waits/mu);
      const lines = terminal.screen().split('\n');
      assert.ok(lines.length <= rows);
      const block = lines.slice(lines.findIndex((line) => line.startsWith('--- ')));
      assert.ok(block.length > 3 && block.length < rows / 2, terminal.screen());
      assert.ok(lines.every((line) => textWidth(line) <= columns));
      terminal.go('end');
      await terminal.saw(/ended with 0/u);
      assertGone(terminal);
    });
  }

  it('is drawn anew when the terminal is made narrower, wider, lower, higher', async () => {
    const terminal = replay(80, 24);
    terminal.go(REFUSED);
    await terminal.saw(/^--- its plan waits/mu);
    for (const [columns, rows] of [
      [130, 24],
      [100, 40],
      [84, 20],
      [60, 24],
      [40, 12],
      [80, 24],
    ] as const) {
      terminal.resize(columns, rows);
      const rule = new RegExp(`^(?=.{${Math.min(columns - 1, 79)}}$)--- its plan waits.*`, 'mu');
      await terminal.saw(rule);
      const size = `${columns}x${rows}\n`;
      assert.equal(heads(terminal.screen()), 1, size + terminal.screen());
      // Rows that wrapped in a narrow terminal may have been pushed out by it: they are out of reach.
      if (columns >= 80)
        assert.equal(heads(terminal.everything()), 1, size + terminal.everything());
    }
    terminal.go('end');
    await terminal.saw(/ended with 0/u);
    assertGone(terminal);
  });

  it('is not there while the terminal is too small, and comes back', async () => {
    const terminal = replay(80, 24);
    terminal.go(AT_WORK);
    await terminal.saw(/^--- at work/mu);
    terminal.resize(80, 8);
    await terminal.saw(/takes task 3\s*$/u);
    assert.equal(heads(terminal.everything()), 0);
    terminal.resize(80, 24);
    await terminal.saw(/^--- at work/mu);
    terminal.go('end');
    await terminal.saw(/ended with 0/u);
  });

  it('makes room for a question, and is there again after the answer', async () => {
    const terminal = replay(80, 24);
    terminal.go(AT_WORK);
    await terminal.saw(/^--- at work/mu);
    terminal.go('ask');
    await terminal.saw(/takes task 3\nCarry out this plan\? \[y\/N\]\s*$/u);
    assert.equal(heads(terminal.everything()), 0);
    terminal.type('yes', 'Enter');
    await terminal.saw(/\[y\/N\] yes\n\n--- at work/u);
    terminal.go('end');
    await terminal.saw(/answered "yes"/u);
    assertGone(terminal);
  });

  it('stays one block when the person types into it', async () => {
    const terminal = replay(80, 24);
    terminal.go(AT_WORK);
    await terminal.saw(/^--- at work/mu);
    terminal.type('Enter', 'a', 'b');
    terminal.go(REFUSED);
    await terminal.saw(/^--- its plan waits/mu);
    assert.equal(heads(terminal.everything()), 1, terminal.everything());
    assert.doesNotMatch(terminal.screen(), /^ab/mu);
    terminal.go('end');
    await terminal.saw(/ended with 0/u);
    assertGone(terminal);
  });

  for (const [step, ends] of [
    ['exit', /ended with 3/u],
    ['throw', /TypeError: planted[^]*ended with 1/u],
  ] as const) {
    it(`is gone when the program ends by ${step}`, async () => {
      const terminal = replay(100, 30);
      terminal.go(AT_WORK);
      await terminal.saw(/^--- at work/mu);
      terminal.go(step);
      await terminal.saw(ends);
      assertGone(terminal);
      assert.match(terminal.everything(), /agent:coder-2 takes task 3/u);
    });
  }

  it('is gone when the program is told to end', async () => {
    const terminal = replay(80, 24);
    terminal.go(AT_WORK);
    await terminal.saw(/^--- at work/mu);
    terminal.go('terminate');
    await terminal.saw(/ended with 143/u);
    assertGone(terminal);
  });

  it('has a twin: a dumb terminal gets lines only', async () => {
    const terminal = replay(80, 24, { TERM: 'dumb' });
    terminal.go(AT_WORK);
    await terminal.saw(/agent:coder-2 takes task 3\s*$/u);
    assert.equal(heads(terminal.everything()), 0);
    terminal.go('end');
    await terminal.saw(/ended with 0/u);
  });
});

describe('the width of a text', { skip }, () => {
  it('is never taken for less than a terminal makes of it', async () => {
    const texts = [
      'src/a.ts',
      'Grüße',
      'Gru\u0308ße',
      '世界',
      '한글',
      '👋',
      'ℹ\ufe0f x',
      '👩\u200d🚀',
      '❤\ufe0f',
      '✓ ok',
      'a\u200bb',
      'ﾊﾝｶｸ',
    ];
    for (const text of texts) {
      const terminal = openTerminal({
        command: ['sh', '-c', 'printf "%s" "$1"; read x', '-', text],
        columns: 80,
        rows: 10,
      });
      await terminal.saw(/\S/u);
      const columns = Number(terminal.variable('cursor_x'));
      assert.ok(
        columns > 0 && columns <= textWidth(text),
        `${text}: ${columns} of ${textWidth(text)}`,
      );
    }
  });
});
