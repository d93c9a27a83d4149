/** What is put on the record of one run, as notes with the subject `run/<id>`. */
import type { BlobReference, Ledger } from '#ledger/ledger.ts';
import { endOfOutput } from '#lib/output-end.ts';
import type { Speaker } from '#protocol/command.ts';
import type {
  ChangedFile,
  Enclosure,
  KeptOutput,
  NetworkAccess,
  Program,
  SandboxRequest,
  SandboxResult,
} from '#sandbox/sandbox.ts';
import type { Limits } from '#sandbox/limits.ts';

/** What a note is written with. The ids of start and end are known before: they happen once. */
export interface NoteWriter {
  readonly ledger: Ledger;
  readonly speaker: Speaker;
  readonly run: string;
  readonly newId: () => string;
}

/** Output up to this many bytes stays in its event; more goes to a blob. */
const INLINE_BYTES = 4_096;

/** The most that is kept on the record of one output: its end. */
const OUTPUT_BYTES = 1024 * 1024;

/** The most of an event that lists of files may take, so that it stays below the limit of events. */
const LIST_BYTES = 80_000;

/** Texts that a program chooses (names, paths, reasons) are cut there. */
const TEXT_LENGTH = 1_000;

/** A text that a program chose, as it may stand in an event. */
export const shortText = (text: string): string => text.slice(0, TEXT_LENGTH).toWellFormed();

/** Stores a note; with the same `id` again it is stored once. */
export async function writeNote(
  { ledger, speaker, run, newId }: NoteWriter,
  type: string,
  data: object,
  id: string = newId(),
): Promise<void> {
  const input = { type, subject: `run/${run}`, data };
  await ledger.execute({ id, name: 'note.record', input }, speaker);
}

/** Stores that a run begins; durable before the program is started. */
export async function writeStarted(
  writer: NoteWriter,
  request: SandboxRequest,
  { enclosure, limits }: { readonly enclosure: Enclosure; readonly limits: Limits },
  id: string,
): Promise<void> {
  const { program, files = [], network, deterministic } = request;
  const data = {
    kind: program.type === 'code' ? program.language : 'command',
    source: await writer.ledger.blobs.putText(sourceOf(program)),
    files: files.length,
    enclosure: {
      ...enclosure,
      versions: Object.entries(enclosure.versions).map(([name, version]) => `${name} ${version}`),
    },
    limits: Object.entries(limits).map(([name, value]) => ({ name, value: value as number })),
    network: network?.allow ?? [],
    deterministic: deterministic !== undefined,
  };
  await writeNote(writer, 'sandbox.started', data, id);
}

const sourceOf = (program: Program): string =>
  program.type === 'code' ? program.source : JSON.stringify(program.argv);

/** Stores that something was asked of the network. */
export async function writeAccess(writer: NoteWriter, access: NetworkAccess): Promise<void> {
  const { method, host, path, reason } = access;
  await writeNote(writer, 'sandbox.network-asked', {
    ...access,
    method: shortText(method),
    host: shortText(host),
    path: shortText(path),
    ...(reason === undefined ? {} : { reason: shortText(reason) }),
  });
}

/** Stores how a run ended: its output, what it left, what it cost. */
export async function writeFinished(
  writer: NoteWriter,
  result: SandboxResult,
  diff: string,
  id: string,
): Promise<void> {
  const { status, exitCode, durationMs, cpuMs, peakBytes, fuel, changed, refused } = result;
  const [listed, more] = fitting(await keepChanged(writer.ledger, changed));
  const [barred, others] = fitting(
    refused.map(({ path, reason }) => ({ path: shortText(path), reason: shortText(reason) })),
  );
  const unnamed = [more > 0 ? `${more} more changed files` : '', others > 0 ? `${others} more` : '']
    .filter((each) => each !== '')
    .map((reason) => ({ path: '', reason: `not named here: ${reason}` }));
  const data = {
    status,
    exitCode,
    durationMs: Math.round(durationMs),
    cpuMs: rounded(cpuMs),
    peakBytes: rounded(peakBytes),
    fuel,
    stdout: await keepOutput(writer.ledger, result.stdout),
    stderr: await keepOutput(writer.ledger, result.stderr),
    changed: listed,
    refused: [...barred, ...unnamed],
    ...(diff === '' ? {} : { diff: await writer.ledger.blobs.putText(diff) }),
  };
  await writeNote(writer, 'sandbox.finished', data, id);
}

/** Stores that a run ended without a result, and why. */
export async function writeAbandoned(
  writer: NoteWriter,
  status: 'killed' | 'failed',
  { reason, durationMs }: { readonly reason: string; readonly durationMs: number },
  id: string,
): Promise<void> {
  const nothing = { text: '', totalBytes: 0 };
  await writeNote(
    writer,
    'sandbox.finished',
    {
      status,
      exitCode: null,
      durationMs: Math.max(0, Math.round(durationMs)),
      cpuMs: null,
      peakBytes: null,
      fuel: null,
      stdout: nothing,
      stderr: nothing,
      changed: [],
      refused: [],
      error: shortText(reason),
    },
    id,
  );
}

const rounded = (value: number | null): number | null =>
  value === null ? null : Math.round(value);

async function keepOutput(
  { blobs }: Ledger,
  { text, totalBytes }: KeptOutput,
): Promise<{ text?: string; blob?: BlobReference; totalBytes: number }> {
  const bytes = Buffer.from(text);
  if (bytes.length <= INLINE_BYTES) return { text: text.toWellFormed(), totalBytes };
  return { blob: await blobs.putText(endOfOutput(bytes, OUTPUT_BYTES, totalBytes)), totalBytes };
}

async function keepChanged(
  { blobs }: Ledger,
  changed: readonly ChangedFile[],
): Promise<readonly object[]> {
  const kept = [];
  for (const { path, change, before, after, content } of changed) {
    const rest = { path, change, before, after };
    kept.push(content === null ? rest : { ...rest, content: await blobs.put(content) });
  }
  return kept;
}

/** As many as an event has room for, and how many are left. */
function fitting<T extends object>(items: readonly T[]): readonly [readonly T[], number] {
  let bytes = 0;
  const end = items.findIndex((item) => {
    bytes += Buffer.byteLength(JSON.stringify(item));
    return bytes > LIST_BYTES;
  });
  return end < 0 ? [items, 0] : [items.slice(0, end), items.length - end];
}
