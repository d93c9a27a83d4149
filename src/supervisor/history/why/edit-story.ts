/** What is on record around an edit: the decisions and findings before it, the proof after it. */
import { eachEvent } from '#ledger/history/mission-events.ts';
import type { LedgerReader } from '#ledger/ledger.ts';
import { parseEnvelope, type EventEnvelope } from '#protocol/event.ts';
import type { TaskState } from '#tasks/task-reducer.ts';
import type { PlanState } from '../../mission-reducer.ts';
import { takeComparisons } from '../mission-facts.ts';

/** Which edit: `effectEvent` announced it. */
export interface StoryRequest {
  readonly read: LedgerReader;
  readonly mission: string;
  readonly path: string;
  readonly editEvent: string;
}

/** The events of a mission that explain an edit, in the order of the record. */
export interface EditStory {
  readonly decisions: readonly EventEnvelope[];
  readonly reasons: readonly EventEnvelope[];
  /** Names of guardrails that let the whole change pass. */
  readonly wholeChange: readonly string[];
  readonly review: string | null;
  /** How each check compared, by its name. */
  readonly comparisons: ReadonlyMap<string, string>;
  /** How many events can't be read any more. */
  readonly unreadable: number;
}

/** So many events about one file are kept: the last ones, which are nearest to the edit. */
const MOST_REASONS = 100;

/** Walks the mission once. */
export function readStory({ read, mission, path, editEvent }: StoryRequest): EditStory {
  const editPosition = read.position(editEvent) ?? Number.MAX_SAFE_INTEGER;
  const decisions: EventEnvelope[] = [];
  const reasons: EventEnvelope[] = [];
  const proof = new ProofReader(read);
  let unreadable = 0;
  for (const { position, type, body } of eachEvent(read, { mission })) {
    if (body === null) unreadable += 1;
    if (body === null || type === null) continue;
    const isBefore = position < editPosition;
    if (isBefore ? !BEFORE.has(type) : !ProofReader.types.has(type)) continue;
    const event = parseEnvelope(body);
    if (!isBefore) proof.take(event);
    else if (isDecision(event)) decisions.push(event);
    else if (isAbout(event, path)) reasons.push(event);
  }
  const { wholeChange, review, comparisons } = proof;
  const last = reasons.slice(-MOST_REASONS);
  return { decisions, reasons: last, wholeChange, review, comparisons, unreadable };
}

type Data = Readonly<Record<string, unknown>>;

const DECISIONS = new Set([
  'mission.forked',
  'mission.approved',
  'mission.replanned',
  'plan.proposed',
]);

/** A first plan decides nothing: its approval does. */
const isDecision = ({ type, data }: EventEnvelope): boolean =>
  DECISIONS.has(type) && (type !== 'plan.proposed' || (data as Data)['supersedes'] !== undefined);

const holds = (list: unknown, path: string): boolean => Array.isArray(list) && list.includes(path);

type About = (data: Data, path: string, subject: string) => boolean;

const byPath: About = (data, path) => data['path'] === path;
const bySubject: About = (_data, path, subject) => subject === `file/${path}`;

/** How events of each type say which file they are about. */
const ABOUT: Readonly<Record<string, About>> = {
  'agent.discovered': byPath,
  'agent.declined': byPath,
  'lease.extended': byPath,
  'guardrail.refused': bySubject,
  'decision.overridden': bySubject,
  'expectation.failed': bySubject,
  'agent.diagnosed': (data, path) => holds(data['paths'], path),
  'message.sent': (data, path) => holds(data['about'], path),
};

const BEFORE = new Set([...DECISIONS, ...Object.keys(ABOUT)]);

const isAbout = ({ type, data, subject }: EventEnvelope, path: string): boolean =>
  Object.hasOwn(ABOUT, type) && ABOUT[type]?.((data ?? {}) as Data, path, subject) === true;

/** Gathers what was found after an edit: of what is said twice the last time counts. */
class ProofReader {
  static readonly types = new Set(['guardrail.passed', 'expectation.met', 'task.done']);
  readonly #read: LedgerReader;
  readonly #passed = new Set<string>();
  readonly comparisons = new Map<string, string>();
  review: string | null = null;

  constructor(read: LedgerReader) {
    this.#read = read;
  }

  get wholeChange(): readonly string[] {
    return [...this.#passed];
  }

  take(event: EventEnvelope): void {
    const { type, subject, data } = event;
    if (type === 'guardrail.passed') this.#passed.add(String((data as Data)['guardrail']));
    takeComparisons(this.comparisons, event);
    if (type === 'expectation.met' && this.#isReview(subject)) {
      this.review = String((data as Data)['found']);
    }
  }

  #isReview(subject: string): boolean {
    if (!subject.startsWith('task/')) return false;
    const task = this.#read.entity('task', subject.slice('task/'.length))?.body;
    return (task as TaskState | undefined)?.kind === 'review';
  }
}

const ANSWERS = new Set(['mission.approved', 'mission.replanned']);

/** The plan that was carried out when the last of these decisions had been made. */
export function planThen(
  read: LedgerReader,
  decisions: readonly EventEnvelope[],
  task: string | null,
): { readonly id: string; readonly plan: PlanState } | undefined {
  const answers = decisions.filter(({ type }) => ANSWERS.has(type));
  const { hash } = (answers.at(-1)?.data ?? {}) as { readonly hash?: unknown };
  const made = (read.entity('task', task ?? '')?.body as TaskState | undefined)?.plan ?? '';
  const mission = made.slice(0, made.lastIndexOf('.'));
  const plans = read.entities('plan', `${mission}.`).map(({ id, body }) => {
    return { id, plan: body as PlanState };
  });
  return plans.find(({ plan }) => plan.hash === hash) ?? plans.find(({ id }) => id === made);
}
