/**
 * What members have confirmed of this node's chains, kept beside the record of a space. It is no part of
 * the record: without it more is handed over again, and nothing else changes.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeDurably } from '#ledger/store/durable-file.ts';
import type { CursorStore } from '#sync/nats/page-outbox.ts';

const FORMAT = 1;

const kept = z.object({
  format: z.literal(FORMAT),
  confirmed: z.record(z.string(), z.record(z.string(), z.int().min(0))),
});

/** The cursors of a space; `folder` is where its record lies. What can't be read or kept is `report`ed. */
export function openCursorFile(folder: string, report: (thrown: unknown) => void): CursorStore {
  const file = join(folder, 'outbox.json');
  return {
    read: () => {
      try {
        if (!existsSync(file)) return {};
        return kept.parse(JSON.parse(readFileSync(file, 'utf8'))).confirmed;
      } catch (thrown) {
        report(thrown);
        return {};
      }
    },
    write: (confirmed) => {
      try {
        writeDurably(file, `${JSON.stringify({ format: FORMAT, confirmed })}\n`);
      } catch (thrown) {
        report(thrown);
      }
    },
  };
}
