/**
 * Keeps what a program printed: a little in the event, more in a blob, and never without a limit.
 * Most bytes of a record are such outputs, and nobody reads most of them.
 */
import type { BlobReference } from '#ledger/ledger.ts';
import { endOfOutput } from '#lib/output-end.ts';
import type { EffectState } from './effect-reducer.ts';
import type { MissionWork } from './mission-work.ts';

/** Output up to this many bytes stays in its event; more goes to a blob. */
const INLINE_BYTES = 4_096;

/** The most that is kept of one output: its end. */
export const MAX_OUTPUT_BYTES = 256 * 1024;

/** The most that all outputs of a mission keep in blobs; what comes later keeps what an event holds. */
export const MAX_MISSION_OUTPUT_BYTES = 16 * 1024 * 1024;

/** Output as an outcome has it; `totalBytes` is all that was printed. */
export interface KeptOutput {
  readonly text?: string;
  readonly blob?: BlobReference;
  readonly totalBytes: number;
}

/** Stores the end of `printed` within the limits; `totalBytes` were printed in all. */
export async function keepOutput(
  work: Pick<MissionWork, 'ledger' | 'mission'>,
  printed: string,
  totalBytes: number,
): Promise<KeptOutput> {
  // Measured as it is stored: bytes that are no UTF-8 take three times their place.
  const bytes = Buffer.from(printed);
  if (bytes.length <= INLINE_BYTES) return { text: printed, totalBytes };
  const room = MAX_MISSION_OUTPUT_BYTES - keptBytes(work);
  const limit = room < MAX_OUTPUT_BYTES ? INLINE_BYTES : MAX_OUTPUT_BYTES;
  const text = bytes.length <= limit ? printed : endOfOutput(bytes, limit, totalBytes);
  if (limit === INLINE_BYTES) return { text, totalBytes };
  return { blob: await work.ledger.blobs.putText(text), totalBytes };
}

/** By the record, so that a mission that is resumed does not begin anew. */
function keptBytes({ ledger, mission }: Pick<MissionWork, 'ledger' | 'mission'>): number {
  const effects = ledger.read.entities('effect', `${mission}/`);
  return effects.reduce((sum, { body }) => {
    const output = (body as EffectState).outcome?.['output'] as KeptOutput | undefined;
    return sum + (output?.blob?.bytes ?? 0);
  }, 0);
}
