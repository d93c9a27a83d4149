/** What a seed stands for: how many nodes, who says what when, and what befalls them. */
import { PRIORITIES, type Priority } from '#protocol/events/message.ts';
import { makeRandom, type SeededRandom } from '../../support/seeded-random.ts';

/** What somebody at a node does; `node`, `home` are numbers of nodes, times milliseconds. */
export type Deed = { readonly atMs: number; readonly node: number } & (
  | {
      readonly type: 'send';
      readonly from: string;
      readonly to: 'agent' | 'skill' | 'topic';
      readonly home: number;
      readonly name: string;
      readonly priority: Priority;
      readonly answerInMs?: number;
      readonly expiresInMs?: number;
    }
  | { readonly type: 'work'; readonly most: number }
  | { readonly type: 'register' | 'retire' | 'announce' | 'again' }
  | { readonly type: 'mission' | 'task'; readonly id: string }
  | { readonly type: 'claim'; readonly id: string; readonly home: number }
);

/** What goes wrong, from a moment on and for a while. */
export type Fault = { readonly atMs: number; readonly forMs: number } & (
  | { readonly type: 'partition'; readonly side: readonly number[]; readonly oneWay: boolean }
  | { readonly type: 'flap'; readonly one: number; readonly other: number }
  | { readonly type: 'break'; readonly one: number; readonly other: number }
  | {
      readonly type: 'crash';
      readonly node: number;
      readonly how: 'now' | 'before-commit' | 'after-commit';
      readonly silently: boolean;
      /** It comes back with a copy of what it had so long before; null = with all that it had. */
      readonly backupMs: number | null;
    }
  | { readonly type: 'clock'; readonly node: number; readonly skewMs: number }
  | { readonly type: 'slow'; readonly node: number; readonly slowMs: number }
  | { readonly type: 'remove'; readonly node: number; readonly withCut: boolean }
  | { readonly type: 'forge'; readonly node: number; readonly how: 'signature' | 'stranger' }
);

/** The kinds of faults; a story has some of them. `restore` is a crash with an older copy. */
export type FaultKind = Fault['type'] | 'restore' | 'rough' | 'late';

/** A story that can be told again, also with fewer faults. */
export interface NodesStory {
  readonly seed: number;
  readonly nodes: number;
  /** For each node whom it dials. */
  readonly dials: readonly (readonly number[])[];
  readonly weather: {
    readonly isSealed: boolean;
    readonly delayMs: number;
    readonly lossPercent: number;
    readonly doublePercent: number;
    readonly overtakingPercent: number;
  };
  /** When each node is there for the first time. */
  readonly joins: readonly number[];
  readonly deeds: readonly Deed[];
  readonly faults: readonly Fault[];
  readonly endMs: number;
}

/** All kinds that a story draws from. `restore` is told apart: what it finds is not mended yet. */
export const FAULT_KINDS: readonly FaultKind[] = [
  'partition',
  'flap',
  'break',
  'crash',
  'clock',
  'slow',
  'remove',
  'forge',
  'rough',
  'late',
];

const MOST_NODES = 5;
const ACTIVE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** The story of a seed; with `kinds` only these faults are in it, and all of them. */
export function nodesStoryOf(seed: number, kinds?: readonly FaultKind[]): NodesStory {
  const random = makeRandom(seed);
  const nodes = 2 + random.below(MOST_NODES - 1);
  const drawn = FAULT_KINDS.filter(() => random.below(3) === 0);
  const chosen = kinds ?? drawn;
  const isSealed = !chosen.includes('rough');
  const rate = (most: number): number => (isSealed ? 0 : random.below(most));
  const joins = drawJoins(random, nodes, chosen);
  return {
    seed,
    nodes,
    dials: drawDials(random, nodes, chosen),
    weather: {
      isSealed,
      delayMs: random.pick([2, 40, 400]),
      lossPercent: rate(20),
      doublePercent: rate(20),
      overtakingPercent: rate(40),
    },
    joins,
    deeds: drawDeeds(random, nodes),
    faults: drawFaults(random, nodes, chosen).map((fault) =>
      // Of whom nothing ever counted, others may have seen something: who comes late waits for that.
      fault.type === 'remove' && chosen.includes('late') ? { ...fault, withCut: true } : fault,
    ),
    endMs: ACTIVE_MS,
  };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Everybody is there from the start, but for the last one of a story with `late`. */
const drawJoins = (
  random: SeededRandom,
  nodes: number,
  kinds: readonly FaultKind[],
): readonly number[] =>
  upTo(nodes).map((node) =>
    kinds.includes('late') && node === nodes - 1 ? random.below(ACTIVE_MS) : 0,
  );

/** All dial all before them, or their neighbour only: then what one tells another goes through others. */
function drawDials(
  random: SeededRandom,
  nodes: number,
  kinds: readonly FaultKind[],
): readonly (readonly number[])[] {
  const isLine = !kinds.includes('remove') && random.below(3) === 0;
  return upTo(nodes).map((node) => (isLine ? upTo(node).slice(-1) : upTo(node)));
}

function drawDeeds(random: SeededRandom, nodes: number): readonly Deed[] {
  const count = 20 + random.below(50);
  const crowd = random.below(3) === 0 ? drawCrowd(random, nodes) : [];
  return [...upTo(count).map(() => drawDeed(random, nodes)), ...crowd].toSorted(
    (a, b) => a.atMs - b.atMs,
  );
}

/** Many want something of the same agent, or of the group, at about the same time: more than there is room. */
function drawCrowd(random: SeededRandom, nodes: number): readonly Deed[] {
  const [startMs, home] = [random.below(ACTIVE_MS / 2), random.below(nodes)];
  const to = random.pick(['agent', 'skill'] as const);
  // Some of the group leave while there is much to do.
  const leaving = upTo(nodes).flatMap((node): readonly Deed[] => [
    { type: 'register', node, atMs: Math.max(0, startMs - 2_000) },
    { type: 'retire', node, atMs: startMs + random.below(8_000) },
  ]);
  const [priority, name] = [random.pick(PRIORITIES), random.pick(['x', 'y'])];
  const wishes = upTo(20 + 10 * nodes).map((): Deed => ({
    atMs: startMs + random.below(6_000),
    node: random.below(nodes),
    type: 'send',
    from: random.pick(['p', 'q']),
    to,
    home,
    name,
    priority,
  }));
  return [...leaving, ...wishes];
}

function drawDeed(random: SeededRandom, nodes: number): Deed {
  const at = { atMs: random.below(ACTIVE_MS), node: random.below(nodes) };
  const choice = random.below(100);
  if (choice < 55) return { ...at, ...drawSending(random, nodes) };
  if (choice < 70) return { ...at, type: 'work', most: 1 + random.below(4) };
  if (choice < 76) return { ...at, type: random.pick(['register', 'retire']) };
  if (choice < 80) return { ...at, type: 'announce' };
  if (choice < 85) return { ...at, type: 'again' };
  if (choice < 88) return { ...at, type: 'mission', id: `m${random.below(4)}` };
  if (choice < 93) return { ...at, type: 'task', id: `t${at.node}` };
  const home = random.below(nodes);
  // At times two make the same task: then the earlier is its home.
  const id = `t${random.below(5) === 0 ? at.node : home}`;
  return { ...at, type: random.below(6) === 0 ? 'task' : 'claim', id, home };
}

const maybe = <T>(random: SeededRandom, oneIn: number, make: () => T): T | undefined =>
  random.below(oneIn) === 0 ? make() : undefined;

function drawSending(
  random: SeededRandom,
  nodes: number,
): Omit<Extract<Deed, { type: 'send' }>, 'atMs' | 'node'> {
  const answerInMs = maybe(random, 4, () => 1 + random.below(30_000));
  const expiresInMs = maybe(random, 5, () => 1 + random.below(60_000));
  return {
    type: 'send',
    from: random.pick(['p', 'q', 'x']),
    to: random.pick(['agent', 'agent', 'skill', 'topic']),
    home: random.below(nodes),
    name: random.pick(['x', 'y', 'z']),
    priority: random.pick(PRIORITIES),
    ...(answerInMs === undefined ? {} : { answerInMs }),
    ...(expiresInMs === undefined ? {} : { expiresInMs }),
  };
}

function drawFaults(
  random: SeededRandom,
  nodes: number,
  kinds: readonly FaultKind[],
): readonly Fault[] {
  return kinds
    .flatMap((kind) => {
      const count = kind === 'remove' ? 1 : 1 + random.below(3);
      return upTo(count).map(() => drawFault(random, nodes, kind));
    })
    .filter((each) => each !== undefined)
    .toSorted((a, b) => a.atMs - b.atMs);
}

function drawFault(random: SeededRandom, nodes: number, kind: FaultKind): Fault | undefined {
  const at = { atMs: random.below(ACTIVE_MS), forMs: 1 + random.below(25_000) };
  const node = random.below(nodes);
  const guest = 1 + random.below(nodes - 1);
  switch (kind) {
    case 'partition': {
      const side = upTo(nodes).filter(() => random.below(2) === 0);
      return { ...at, type: kind, side, oneWay: random.below(3) === 0 };
    }
    case 'flap':
    case 'break':
      return { ...at, type: kind, one: guest, other: random.below(guest) };
    case 'crash':
    case 'restore':
      return {
        ...at,
        type: 'crash',
        node,
        how: random.pick(['now', 'before-commit', 'after-commit']),
        silently: random.below(2) === 0,
        backupMs: kind === 'restore' ? 1 + random.below(30_000) : null,
      };
    case 'clock':
      return { ...at, type: kind, node, skewMs: drawSkew(random) };
    case 'slow':
      return { ...at, type: kind, node, slowMs: 100 + random.below(2_000) };
    case 'remove':
      return { ...at, type: kind, node: guest, withCut: random.below(4) > 0 };
    case 'forge':
      return { ...at, type: kind, node, how: random.pick(['signature', 'stranger']) };
    default:
      return undefined;
  }
}

/** Some clocks are seconds off, some an hour. */
const drawSkew = (random: SeededRandom): number =>
  random.pick([-HOUR_MS, HOUR_MS, random.below(20_000) - 10_000, random.below(180_000) - 90_000]);
