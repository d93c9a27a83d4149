/**
 * The agents of a space in memory: cards by id, indexes by skill, topic, name and node. A snapshot of
 * an agent is made when it is asked for and kept until it changes, so a list costs only its length.
 */
import { shortNode } from '#protocol/address.ts';
import type { Presence } from '#protocol/events/node.ts';
import type { AgentNow } from './heartbeat/heartbeat.ts';
import type { AgentQuery, SeenAgent } from './registry.ts';
import type { AgentCard } from './registry-reducer.ts';

/** What the table asks about nodes, which are kept elsewhere; `short` is how a key begins. */
export interface NodeFacts {
  /** The key and presence of a member, undefined for anybody else. */
  readonly member: (
    short: string,
  ) => { readonly key: string; readonly presence: Presence } | undefined;
  /** What the node told last of its agent. */
  readonly told: (short: string, name: string) => AgentNow | undefined;
}

interface Row {
  readonly id: string;
  readonly name: string;
  readonly short: string;
  card: AgentCard;
  seen: SeenAgent | undefined;
}

/** Rows by a word, in the order of ids. */
type Index = Map<string, Map<string, Row>>;

/** What is kept to be shared is forgotten beyond this: cards that change often must not fill memory. */
const MAX_KEPT = 50_000;

const NONE: ReadonlyMap<string, Row> = new Map();

/** The agents of one space. */
export class AgentTable {
  readonly #space: string;
  readonly #facts: NodeFacts;
  readonly #rows = new Map<string, Row>();
  readonly #skills: Index = new Map();
  readonly #topics: Index = new Map();
  readonly #names: Index = new Map();
  readonly #nodes: Index = new Map();
  // Thousands of agents have the same few words on their cards: each is kept once.
  readonly #words = new Map<string, string>();
  readonly #lists = new Map<string, readonly string[]>();

  constructor(space: string, facts: NodeFacts) {
    this.#space = space;
    this.#facts = facts;
  }

  /** How many agents have a card, of whatever node. */
  get size(): number {
    return this.#rows.size;
  }

  /** Forgets all cards. */
  clear(): void {
    for (const index of [this.#rows, this.#skills, this.#topics, this.#names, this.#nodes])
      index.clear();
    for (const words of [this.#words, this.#lists]) words.clear();
  }

  /** Takes in a card as it stands now. */
  set(id: string, card: AgentCard): void {
    const cut = id.lastIndexOf('@');
    if (cut <= 0) return;
    const before = this.#rows.get(id);
    if (before !== undefined) this.#unlist(before);
    const row = before ?? {
      id,
      name: id.slice(0, cut),
      short: this.#word(id.slice(cut + 1)),
      card,
      seen: undefined,
    };
    row.card = this.#frugal(card);
    row.seen = undefined;
    this.#rows.set(id, row);
    this.#list(row);
  }

  /** What is seen of this agent has changed. */
  touch(short: string, name: string): void {
    const row = this.#rows.get(`${name}@${short}`);
    if (row !== undefined) row.seen = undefined;
  }

  /** What is seen of all agents of a node has changed. */
  touchAll(short: string): void {
    for (const row of (this.#nodes.get(short) ?? NONE).values()) row.seen = undefined;
  }

  /** How many agents are registered at a node, those not counted that have retired. */
  countAt(short: string): number {
    let count = 0;
    for (const { card } of (this.#nodes.get(short) ?? NONE).values()) {
      if (card.status === 'registered') count += 1;
    }
    return count;
  }

  /** One agent by id. */
  get(id: string): SeenAgent | undefined {
    const row = this.#rows.get(id);
    return row === undefined ? undefined : this.#snapshot(row);
  }

  /** Agents in the order of their ids. */
  query({ skill, topic, node, withRetired = false }: AgentQuery): SeenAgent[] {
    const short = node === undefined ? undefined : shortNode(node);
    const found: SeenAgent[] = [];
    for (const row of this.#narrow(skill, topic, short).values()) {
      if (!withRetired && row.card.status === 'retired') continue;
      if (short !== undefined && row.short !== short) continue;
      if (topic !== undefined && !row.card.topics.includes(topic)) continue;
      const seen = this.#snapshot(row);
      if (seen !== undefined) found.push(seen);
    }
    return inOrder(found);
  }

  /** Those of that name, on whatever node, that have not retired. */
  named(name: string): SeenAgent[] {
    return this.#present(this.#names.get(name) ?? NONE);
  }

  /** Those whose id begins so, that have not retired. */
  beginning(prefix: string): SeenAgent[] {
    const rows = new Map([...this.#rows].filter(([id]) => id.startsWith(prefix)));
    return this.#present(rows);
  }

  #present(rows: ReadonlyMap<string, Row>): SeenAgent[] {
    const seen = [...rows.values()].flatMap((row) => this.#snapshot(row) ?? []);
    return inOrder(seen.filter(({ isRetired }) => !isRetired));
  }

  /** The shortest list that holds all that is wanted. */
  #narrow(
    skill: string | undefined,
    topic: string | undefined,
    short: string | undefined,
  ): ReadonlyMap<string, Row> {
    if (skill !== undefined) return this.#skills.get(skill) ?? NONE;
    if (topic !== undefined) return this.#topics.get(topic) ?? NONE;
    return short === undefined ? this.#rows : (this.#nodes.get(short) ?? NONE);
  }

  #snapshot(row: Row): SeenAgent | undefined {
    const { id, name, short, card } = row;
    if (row.seen !== undefined) return row.seen;
    const node = this.#facts.member(short);
    if (node === undefined) return undefined;
    const now = this.#facts.told(short, name);
    const { role, skills, topics, version, status } = card;
    row.seen = {
      id,
      space: this.#space,
      name,
      node: node.key,
      role,
      skills,
      topics,
      version,
      isRetired: status === 'retired',
      presence: presenceOf(node.presence, now),
      state: now?.state ?? null,
      waiting: now?.waiting ?? 0,
      inFlight: now?.inFlight ?? 0,
    };
    return row.seen;
  }

  #list(row: Row): void {
    addTo(this.#names, row.name, row);
    addTo(this.#nodes, row.short, row);
    if (row.card.status === 'retired') return;
    for (const skill of row.card.skills) addTo(this.#skills, skill, row);
    for (const topic of row.card.topics) addTo(this.#topics, topic, row);
  }

  #unlist(row: Row): void {
    for (const skill of row.card.skills) removeFrom(this.#skills, skill, row);
    for (const topic of row.card.topics) removeFrom(this.#topics, topic, row);
  }

  #frugal({ role, skills, topics, version, status }: AgentCard): AgentCard {
    return {
      role: this.#word(role),
      skills: this.#wordList(skills),
      topics: this.#wordList(topics),
      version: version === null ? null : this.#word(version),
      status: status === 'retired' ? 'retired' : 'registered',
    };
  }

  #word(word: string): string {
    const known = this.#words.get(word);
    if (this.#words.size > MAX_KEPT) this.#words.clear();
    if (known === undefined) this.#words.set(word, word);
    return known ?? word;
  }

  #wordList(words: readonly string[]): readonly string[] {
    const key = JSON.stringify(words);
    const known = this.#lists.get(key);
    const list = known ?? words.map((word) => this.#word(word));
    if (this.#lists.size > MAX_KEPT) this.#lists.clear();
    if (known === undefined) this.#lists.set(key, list);
    return list;
  }
}

function presenceOf(node: Presence, now: AgentNow | undefined): Presence {
  if (node === 'late' || node === 'lost') return node;
  if (now?.state === 'away') return 'late';
  return now?.state === 'draining' ? 'draining' : node;
}

function inOrder(agents: SeenAgent[]): SeenAgent[] {
  // They mostly come in the order in which they were read, which is that of their ids.
  const isSorted = agents.every(
    ({ id }, index) => index === 0 || (agents[index - 1]?.id ?? '') < id,
  );
  return isSorted ? agents : agents.sort((a, b) => (a.id < b.id ? -1 : 1));
}

function addTo(index: Index, word: string, row: Row): void {
  const rows = index.get(word);
  if (rows === undefined) index.set(word, new Map([[row.id, row]]));
  else rows.set(row.id, row);
}

function removeFrom(index: Index, word: string, row: Row): void {
  const rows = index.get(word);
  rows?.delete(row.id);
  if (rows?.size === 0) index.delete(word);
}
