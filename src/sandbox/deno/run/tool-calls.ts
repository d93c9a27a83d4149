/** Calls of the host's tools by a program: counted, bounded, some at a time; each gets an answer. */
import type { CallTool } from '#sandbox/sandbox.ts';
import { FRAME, MAX_JSON_BYTES, encodeJson } from '../driver/frames.ts';

/** `tools.search(query)` reaches `callTool` by this name, with `{ query }`. */
export const SEARCH_TOOL = 'tools.search';

/** Of one run. */
export const MAX_TOOL_CALLS = 1_000;
const MAX_CONCURRENT = 8;
/** Arguments that wait for their turn, and answers of a whole run: both are held by the host. */
export const MAX_WAITING_BYTES = 16 * 1024 * 1024;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const MAX_NAME = 200;
const MAX_ERROR = 4_000;

interface Call {
  readonly bytes: number;
  readonly id: number;
  readonly name: string;
  readonly args: unknown;
}

/** What a run's tool calls need. */
export interface ToolCallsOptions {
  readonly callTool: CallTool | undefined;
  readonly answer: (frame: Uint8Array) => void;
  readonly told: (name: string, failed: boolean) => void;
}

/** The tool calls of one run. */
export class ToolCalls {
  readonly #options: ToolCallsOptions;
  readonly #waiting: Call[] = [];
  #running = 0;
  #count = 0;
  #waitingBytes = 0;
  #answerBytes = 0;
  #isClosed = false;

  constructor(options: ToolCallsOptions) {
    this.#options = options;
  }

  /** Takes a call as it came; false for what is none. */
  take(payload: Uint8Array): boolean {
    const call = parseCall(payload);
    if (call === null) return false;
    this.#count += 1;
    if (this.#count > MAX_TOOL_CALLS) {
      // those who were told so go on asking only to harm
      if (this.#count > 2 * MAX_TOOL_CALLS) return false;
      this.#refuse(call, `Cannot call ${call.name}: more than ${MAX_TOOL_CALLS} calls in a run`);
    } else if (this.#options.callTool === undefined) {
      this.#refuse(call, `Cannot call ${call.name}: this run has no tools`);
    } else if (this.#waitingBytes + call.bytes > MAX_WAITING_BYTES) {
      this.#refuse(call, `Cannot call ${call.name}: the arguments of waiting calls are too large`);
    } else {
      this.#waiting.push(call);
      this.#waitingBytes += call.bytes;
      this.#next();
    }
    return true;
  }

  /** Answers nothing any more. */
  close(): void {
    this.#isClosed = true;
    this.#waiting.length = 0;
  }

  #refuse({ id }: Call, error: string): void {
    this.#options.answer(encodeJson(FRAME.answer, { id, error }));
  }

  #next(): void {
    const { callTool } = this.#options;
    if (callTool === undefined || this.#running >= MAX_CONCURRENT) return;
    const call = this.#waiting.shift();
    if (call === undefined) return;
    this.#waitingBytes -= call.bytes;
    this.#running += 1;
    void this.#make(call, callTool);
  }

  async #make(call: Call, callTool: CallTool): Promise<void> {
    let frame: Uint8Array;
    let failed = false;
    try {
      const value = (await callTool(call.name, call.args)) ?? null;
      frame = encodeJson(FRAME.answer, { id: call.id, value });
      this.#answerBytes += frame.length;
      failed = frame.length > MAX_JSON_BYTES || this.#answerBytes > MAX_ANSWER_BYTES;
      if (failed) frame = answerError(call, 'its answer is larger than may be given to a program');
    } catch (error) {
      failed = true;
      frame = answerError(call, error instanceof Error ? error.message : String(error));
    }
    this.#running -= 1;
    if (this.#isClosed) return;
    this.#options.told(call.name, failed);
    this.#options.answer(frame);
    this.#next();
  }
}

const answerError = ({ id, name }: Call, text: string): Uint8Array =>
  encodeJson(FRAME.answer, { id, error: `${name}: ${text}`.slice(0, MAX_ERROR) });

function parseCall(payload: Uint8Array): Call | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(payload);
    const { id, name, args } = JSON.parse(text) as Record<string, unknown>;
    const fits = Number.isSafeInteger(id) && typeof name === 'string' && name.length <= MAX_NAME;
    return fits
      ? { bytes: payload.length, id: id as number, name: name as string, args: args ?? null }
      : null;
  } catch {
    return null;
  }
}
