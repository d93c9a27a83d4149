/**
 * A heartbeat: what a node tells of itself every few seconds. A signal, never recorded; it may be
 * lost, so nothing hangs on one. Signed by the node's key over `skein/heartbeat/v1`, the space and
 * the exact text; a long list of agents is told in parts, each a heartbeat of its own.
 */
import type { Load } from '#telemetry/load.ts';
import { verifySignature, type Signer } from '#identity/signer.ts';
import { digest, fields, flag, integer, list, optional, text } from '#protocol/shape.ts';
import type { Shape } from '#protocol/shape.ts';

/** What every signature over a heartbeat begins with, so that it is valid nowhere else. */
export const HEARTBEAT_CONTEXT = 'skein/heartbeat/v1';

/** The kinds of signals: heartbeats, and the wish to be told of all agents again. */
export const HEARTBEAT_SIGNAL = 'heartbeat';

/** See `HEARTBEAT_SIGNAL`. */
export const WANTED_SIGNAL = 'heartbeat-wanted';

/** The longest heartbeat, as text in bytes; with its signature and envelope it is below 64 kB. */
export const MAX_BEAT_BYTES = 56 * 1024;

/** What an agent says of itself; `away` is one whose inbox nobody empties at the moment. */
export const AGENT_STATES = ['idle', 'at work', 'draining', 'away'] as const;

/** See `AGENT_STATES`. */
export type AgentState = (typeof AGENT_STATES)[number];

/** An agent as it is now: how many messages wait in its inbox, how many it has in hand. */
export interface AgentNow {
  readonly name: string;
  readonly state: AgentState;
  readonly waiting: number;
  readonly inFlight: number;
}

/** An agent as it travels: name, state (or gone), waiting, in flight. */
export type AgentLine = readonly [string, AgentState | 'gone', number, number];

/** The agents of a part; `count` and `sum` are of all that were told once `last` is taken in. */
export interface BeatAgents {
  /** Everything told before is to be forgotten first. */
  readonly anew: boolean;
  readonly lines: readonly AgentLine[];
  readonly last: boolean;
  readonly count: number;
  readonly sum: number;
}

/** `epoch` rises with every start of the node, `counter` with every heartbeat. `sentAt` is ISO 8601. */
export interface Heartbeat {
  readonly v: 1;
  readonly node: string;
  readonly name: string;
  readonly sentAt: string;
  readonly epoch: number;
  readonly counter: number;
  readonly load?: Load;
  readonly agents: BeatAgents;
}

/** A heartbeat as the body of a signal; `text` is the exact JSON that was signed. */
export interface SignedBeat {
  readonly space: string;
  readonly node: string;
  readonly text: string;
  readonly signature: string;
}

const wholeCount: Shape<number> = {
  problem: (value, at) =>
    Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : `${at} is no count`,
};

const share: Shape<number> = {
  problem: (value, at) =>
    typeof value === 'number' && value >= 0 && value <= 1 ? undefined : `${at} is not 0 to 1`,
};

const MAX_NAME = 128;
const MAX_GPUS = 64;
const LINE_STATES: readonly unknown[] = [...AGENT_STATES, 'gone'];

const isName = (value: unknown): boolean =>
  typeof value === 'string' && value.length > 0 && value.length <= MAX_NAME;

const agentLine: Shape<AgentLine> = {
  problem: (value, at) => {
    const [name, state, waiting, inFlight, ...more] = Array.isArray(value) ? value : [];
    const counts = [waiting, inFlight].every((each) => wholeCount.problem(each, at) === undefined);
    const isLine = isName(name) && LINE_STATES.includes(state) && counts && more.length === 0;
    return isLine ? undefined : `${at} is no agent`;
  },
};

const gpuShape = fields({
  name: text,
  utilisation: share,
  memoryUsed: wholeCount,
  memoryTotal: wholeCount,
});

const beatShape: Shape<Heartbeat> = fields({
  v: { problem: (value, at) => (value === 1 ? undefined : `${at} is not 1`) } as Shape<1>,
  node: digest,
  name: text,
  sentAt: text,
  epoch: integer,
  counter: integer,
  load: optional(
    fields({
      cpu: share,
      memoryUsed: wholeCount,
      memoryTotal: wholeCount,
      gpu: optional(list(gpuShape)),
    }),
  ),
  agents: fields({
    anew: flag,
    lines: list(agentLine),
    last: flag,
    count: wholeCount,
    sum: wholeCount,
  }),
}) as Shape<Heartbeat>;

const signedShape: Shape<SignedBeat> = fields({
  space: text,
  node: digest,
  text,
  signature: text,
});

/** What a member asks for who missed something: all agents of `node` anew. */
export interface Wanted {
  readonly node: string;
}

/** The wish as it came, undefined when it is none. */
export function readWanted(body: unknown): Wanted | undefined {
  const shape = fields({ node: digest });
  return shape.problem(body, 'wanted') === undefined ? (body as Wanted) : undefined;
}

/** The bytes that a signature covers. */
const signedBytes = (space: string, beat: string): Buffer =>
  Buffer.from(`${HEARTBEAT_CONTEXT}\n${space}\n${beat}`);

/** Signs a heartbeat for a space. */
export function signBeat(signer: Signer, space: string, beat: Heartbeat): SignedBeat {
  const json = JSON.stringify(beat);
  const signature = signer.sign(signedBytes(space, json)).toString('base64');
  return { space, node: signer.key, text: json, signature };
}

/** The body of a signal when it has the form of a signed heartbeat of a bearable size. */
export function readSigned(body: unknown): SignedBeat | 'malformed' | 'too-large' {
  if (signedShape.problem(body, 'beat') !== undefined) return 'malformed';
  const signed = body as SignedBeat;
  if (signed.signature.length > 128) return 'malformed';
  const isLarge =
    signed.text.length > MAX_BEAT_BYTES || Buffer.byteLength(signed.text) > MAX_BEAT_BYTES;
  return isLarge ? 'too-large' : signed;
}

/** Whether the node that it names has signed it. */
export const isSigned = ({ space, node, text: json, signature }: SignedBeat): boolean =>
  verifySignature(node, signedBytes(space, json), Buffer.from(signature, 'base64'));

/** What was signed, undefined when it is no heartbeat that we can read. */
export function readBeat({ node, text: json }: SignedBeat): Heartbeat | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (beatShape.problem(value, 'beat') !== undefined) return undefined;
  const beat = value as Heartbeat;
  const isBounded = isName(beat.name) && (beat.load?.gpu?.length ?? 0) <= MAX_GPUS;
  return isBounded && beat.node === node && !Number.isNaN(Date.parse(beat.sentAt))
    ? beat
    : undefined;
}
