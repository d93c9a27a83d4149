/**
 * The home's side of requests: reads the record for those that are addressed to this node and have no
 * answer yet, old ones first, and answers each once. Whether they came just now or while the node was
 * away makes no difference: the record is all that it knows.
 */
import { derivedId } from '#bus/inbox/derived-id.ts';
import type { Ledger, StoredEvent } from '#ledger/ledger.ts';
import { parseAddress, shortNode, speakerId } from '#protocol/address.ts';
import type { Speaker } from '#protocol/command.ts';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import { decodeEvent, type SkeinEvent } from '#protocol/event-types.ts';

/** A request as it arrived. `actor` is whoever asked, `agent:<name>@<node>`; `author` the node's key. */
export interface MadeRequest {
  readonly id: string;
  readonly name: string;
  /** JSON. */
  readonly input: string;
  readonly author: string;
  readonly actor: string;
  readonly mission?: string;
}

/** Carries out what is more than a decision; answers the ids of its events, throws to reject it. */
export type RequestHandler = (request: MadeRequest) => Promise<readonly string[]>;

/** What a desk is made of. */
export interface DeskOptions {
  readonly ledger: Pick<Ledger, 'execute' | 'subscribe' | 'stats' | 'exchange'>;
  /** The key of this node. */
  readonly node: string;
  /** Known to this node only, the same at every start. */
  readonly secret: string;
  /** Throws when the request may not be decided now, such as a claim by who was not sent there. */
  readonly admit?: (request: MadeRequest) => void;
  readonly handlers?: Readonly<Record<string, RequestHandler>>;
  /** Told of what could not be answered; it is found again at the next start. */
  readonly report: (error: SkeinError) => void;
}

/** How many are carried out at once; who asks for more is refused. */
const MOST_AT_WORK = 64;

/** The types that a desk reads. */
const TYPES: readonly (string | null)[] = ['request.made', 'request.accepted', 'request.rejected'];

/** Opened once for each space; `close` resolves when nothing is under way. */
export class RequestDesk {
  readonly #options: DeskOptions;
  readonly #closing = new AbortController();
  readonly #open = new Map<string, MadeRequest>();
  readonly #work = new Set<Promise<void>>();
  readonly #reading: Promise<void>;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#reading = this.#read(options.ledger.stats().events);
  }

  /** Requests that are being answered. */
  get atWork(): number {
    return this.#work.size;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#reading;
    await Promise.all(this.#work);
  }

  /** What is on the record already is read to its end first: its answers may be there as well. */
  async #read(history: number): Promise<void> {
    const { ledger, node } = this.#options;
    const { signal } = this.#closing;
    // Where nobody else has written yet, nothing was asked for: a long record need not be read.
    const isAlone = ledger.exchange.heads().every(({ author }) => author === node);
    const after = isAlone ? history : 0;
    try {
      for await (const page of ledger.subscribe({ after, follow: true, signal })) {
        for (const stored of page) if (TYPES.includes(stored.type)) this.#see(stored);
        if ((page.at(-1)?.position ?? 0) >= history) this.#answerOpen();
      }
    } catch (thrown) {
      this.#report(thrown);
    }
  }

  #see(stored: StoredEvent): void {
    const { node } = this.#options;
    const event = readKnown(stored);
    if (event === undefined) return;
    if (stored.author === node) {
      if (event.type !== 'request.made' && event.cause !== undefined)
        this.#open.delete(event.cause);
      return;
    }
    if (event.type !== 'request.made' || event.data.to !== node) return;
    const { id, actor, mission, data } = event;
    this.#open.set(id, {
      id,
      name: data.command,
      input: data.input,
      author: stored.author,
      actor: `agent:${speakerId(actor, stored.author)}`,
      ...(mission === undefined ? {} : { mission }),
    });
  }

  /** In the order in which they arrived; the writer keeps it. */
  #answerOpen(): void {
    for (const request of this.#open.values()) {
      this.#open.delete(request.id);
      const answering = this.#answer(request)
        .catch((thrown: unknown) => this.#report(thrown))
        .finally(() => this.#work.delete(answering));
      this.#work.add(answering);
    }
  }

  async #answer(request: MadeRequest): Promise<void> {
    const { handlers = {}, admit } = this.#options;
    const handler = Object.hasOwn(handlers, request.name) ? handlers[request.name] : undefined;
    try {
      assertAgent(request);
      assertRoom(this.#work.size);
      admit?.(request);
      if (handler === undefined) await this.#decide(request);
      else await this.#tell(request, { events: await handler(request) });
    } catch (thrown) {
      if (this.#closing.signal.aborted) return;
      const { name, message } = toSkeinError(thrown);
      await this.#tell(request, { error: name, detail: message });
    }
  }

  /** The ledger decides and answers in one commit; that the same id comes again changes nothing. */
  async #decide(request: MadeRequest): Promise<void> {
    const { id, name: command, input, actor, mission } = request;
    const asked = { request: id, command, input, ...(mission === undefined ? {} : { mission }) };
    await this.#execute(request, 'request.decide', asked, { actor, authority: 'peer' });
  }

  async #tell(request: MadeRequest, answer: object): Promise<void> {
    const { id, mission } = request;
    const about = mission === undefined ? {} : { mission };
    const speaker: Speaker = {
      actor: `node:${shortNode(this.#options.node)}`,
      authority: 'system',
    };
    await this.#execute(request, 'request.answer', { request: id, ...about, ...answer }, speaker);
  }

  async #execute(
    { id, author }: MadeRequest,
    name: string,
    input: object,
    speaker: Speaker,
  ): Promise<void> {
    const { ledger, secret } = this.#options;
    const command = { id: derivedId(secret, id, `request ${author}`), name, input };
    await ledger.execute(command, speaker);
  }

  #report(thrown: unknown): void {
    const error = toSkeinError(thrown);
    const isEnd = this.#closing.signal.aborted && error.name === 'ledger-closed';
    if (!isEnd) this.#options.report(error);
  }
}

function readKnown({ body }: StoredEvent): SkeinEvent | undefined {
  if (body === null) return undefined;
  const decoded = decodeEvent(body);
  return decoded.known ? decoded.event : undefined;
}

/** The name comes from another node and may be anything. */
function assertAgent({ actor }: MadeRequest): void {
  const address = parseAddress(actor);
  if (address.type === 'agent' && address.node !== undefined) return;
  throw new SkeinError('unauthorized', 'Cannot decide a request: who asks has no valid name');
}

function assertRoom(atWork: number): void {
  if (atWork < MOST_AT_WORK) return;
  throw new SkeinError('limit-reached', `Cannot decide a request: ${MOST_AT_WORK} are at work`, {
    fix: 'Ask again later.',
  });
}
