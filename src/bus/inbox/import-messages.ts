/** Takes messages of an older bus into a space; to do it again changes nothing. */
import type { Ledger } from '#ledger/ledger.ts';
import type { Speaker } from '#protocol/command.ts';
import { SkeinError, toErrorBody, toSkeinError, type ErrorBody } from '#protocol/errors.ts';
import type { Priority } from '#protocol/events/message.ts';
import { derivedId } from './derived-id.ts';
import { fitText } from './long-text.ts';

/** A message as an importer reads it. `id` is a UUIDv7 that is the same at every reading. */
export interface OldMessage {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly sentAt?: string;
  readonly priority?: Priority;
  /** The `id` of what it answers. */
  readonly replyTo?: string;
  /** It was read there: it waits for nobody. */
  readonly handled: boolean;
  /** What else stood there, as JSON. */
  readonly extra?: string;
}

/** Where they go, and who says so. `secret` is the node's, as in the mailroom. */
export interface ImportParts {
  readonly ledger: Pick<Ledger, 'execute' | 'blobs'>;
  readonly secret: string;
  readonly speaker: Speaker;
}

/** How many were new and how many are known already; those that could not be taken, with the reason. */
export interface ImportReport {
  readonly added: number;
  readonly repeated: number;
  readonly refused: readonly { readonly id: string; readonly error: ErrorBody }[];
}

/** The most messages of one call. */
export const MAX_IMPORT = 500;

/**
 * The id under which a node keeps an old message. Two nodes may import the same bus into one space:
 * each has its own copy, for an id that two of them used would keep the one from the other for ever.
 */
export const importedId = (secret: string, id: string): string =>
  derivedId(secret, id, 'message.import');

/** Takes at most 500 in; all that can be taken is, in their order. */
export async function importMessages(
  parts: ImportParts,
  messages: readonly OldMessage[],
): Promise<ImportReport> {
  if (messages.length > MAX_IMPORT) {
    throw new SkeinError(
      'usage',
      `Cannot import ${messages.length} messages at once: at most ${MAX_IMPORT}`,
    );
  }
  // Blobs first: an event may name only what is there.
  const fitted = await Promise.all(
    messages.map(async (each) => ({ ...each, ...(await fitText(parts.ledger.blobs, each.text)) })),
  );
  const outcomes = await Promise.all(fitted.map((each) => importOne(parts, each)));
  return {
    added: outcomes.filter((each) => each === 'added').length,
    repeated: outcomes.filter((each) => each === 'repeated').length,
    refused: outcomes.filter((each) => typeof each === 'object'),
  };
}

type Outcome = 'added' | 'repeated' | { readonly id: string; readonly error: ErrorBody };

async function importOne(
  { ledger, secret, speaker }: ImportParts,
  { id, replyTo, ...message }: OldMessage,
): Promise<Outcome> {
  const answer = replyTo === undefined ? {} : { replyTo: importedId(secret, replyTo) };
  const command = {
    id: importedId(secret, id),
    name: 'message.import',
    input: { ...message, ...answer },
  };
  try {
    const { repeated } = await ledger.execute(command, speaker);
    return repeated ? 'repeated' : 'added';
  } catch (thrown) {
    return { id, error: toErrorBody(toSkeinError(thrown)) };
  }
}
