/** What the main thread and the writer's thread say to each other. */
import type { Receipt } from '#protocol/command.ts';
import type { ErrorBody } from '#protocol/errors.ts';
import type { BlobReference, ChainHead, Page, Taken } from './ledger.ts';
import type { Pending } from './outcome.ts';

/** To the writer, as lists: all requests of one turn. `call` pairs a request with its answer. */
export type WriterRequest =
  | { readonly type: 'execute'; readonly call: number; readonly pending: Pending }
  | { readonly type: 'blob'; readonly call: number; readonly content: Uint8Array }
  | {
      readonly type: 'take';
      readonly call: number;
      readonly page: Page;
      readonly reactions: readonly Pending[];
    }
  | { readonly type: 'close'; readonly call: number };

/** The answer to one request. */
export type WriterAnswer =
  | { readonly call: number; readonly receipt: Receipt }
  | { readonly call: number; readonly blob: BlobReference }
  | { readonly call: number; readonly taken: Taken }
  | { readonly call: number; readonly closed: true }
  | { readonly call: number; readonly error: ErrorBody };

/** From the writer: it is ready, or a flush is durable and these are its answers. */
export type WriterMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly error: ErrorBody }
  | {
      readonly type: 'flushed';
      readonly answers: readonly WriterAnswer[];
      readonly head: ChainHead | null;
    };
