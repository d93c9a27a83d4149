/** The page of errors says what the table says: generated from it, compared with it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ERRORS } from '#protocol/errors.ts';

const page = readFileSync(new URL('../../docs/design/errors.md', import.meta.url), 'utf8');

/** A row as the page spells it. */
const rowOf = (name: string, row: (typeof ERRORS)[keyof typeof ERRORS]): string =>
  `| ${row.code} | \`${name}\` | ${row.retryable ? 'yes' : 'no'} | ${row.status} | ${row.exit} |`;

/** White space inside rows is the formatter's business. */
const squeeze = (text: string): string => text.replaceAll(/ +/gu, ' ');

test('docs/design/errors.md holds every error with its code, retryable, status and exit', () => {
  const missing = Object.entries(ERRORS)
    .map(([name, row]) => rowOf(name, row))
    .filter((row) => !squeeze(page).includes(row));
  assert.deepEqual(missing, []);
});

test('docs/design/errors.md holds no error that the table has not', () => {
  const named = Array.from(
    page.matchAll(/^\| \d{4}\s*\| `([a-z-]+)`/gmu),
    ([, name]) => name ?? '',
  );
  assert.ok(named.length > 0);
  assert.deepEqual(
    named.filter((name) => !Object.hasOwn(ERRORS, name)),
    [],
  );
});
