/**
 * Says who made a line of a git commit. Its message may name missions: each is looked up on the
 * record that it names, and believed as far as the record bears it out.
 */
import type { Ledger } from '#ledger/ledger.ts';
import type { BlamedLine } from '#workspace/blame/blame-line.ts';
import {
  hasSkeinBefore,
  readCommit,
  type CommitFacts,
  type MissionClaim,
} from '#workspace/blame/commit-facts.ts';
import type { Repository } from '#workspace/git/open-repository.ts';
import type { MissionState } from '../../mission-reducer.ts';
import { recordedCommit } from '../mission-facts.ts';
import { explainMission } from './explain-mission.ts';
import { findEdits } from './find-edits.ts';
import type { Certainty, LineOrigin, MadeBy, MissionWhy } from './why-answer.ts';

/** The record of a space in this home. */
export interface OpenedRecord {
  readonly ledger: Ledger;
  /** It is known to be damaged: what can be read is shown. */
  readonly damaged: boolean;
}

/** Where lines are looked up. `openRecord` answers undefined for a space that is not in this home. */
export interface WhyContext {
  readonly repository: Repository;
  readonly openRecord: (space: string) => Promise<OpenedRecord | undefined>;
}

/** The origin of a blamed line; `moved` and `likely` are for the caller to say. */
export async function explainLine(context: WhyContext, line: BlamedLine): Promise<LineOrigin> {
  const { path, line: number, text, commit } = line;
  const place = { path, line: number, text, moved: false, likely: false };
  if (commit === null) {
    return { ...place, by: 'uncommitted', git: null, mission: null, notes: [] };
  }
  const git = await readCommit(context.repository, commit);
  const looked = await lookUp(context, git, { ...line, commit });
  const cut = git.cut ? ['The clone is shallow: what is before this git commit is not here.'] : [];
  const by = looked.by ?? (await byPerson(context, git));
  return { ...place, by, git, mission: looked.mission, notes: [...looked.notes, ...cut] };
}

async function byPerson({ repository }: WhyContext, git: CommitFacts): Promise<MadeBy> {
  if (git.cut) return 'unknown';
  if (git.claims.length > 0) return 'by-hand';
  return (await hasSkeinBefore(repository.top, git.commit)) === false ? 'before-skein' : 'by-hand';
}

type CommittedLine = BlamedLine & { readonly commit: string };

interface Looked {
  readonly by: MadeBy | null;
  readonly mission: MissionWhy | null;
  readonly notes: readonly string[];
}

/** Of several missions the one whose edit made the line; without any, what is known of them. */
async function lookUp(context: WhyContext, git: CommitFacts, line: CommittedLine): Promise<Looked> {
  const others: Looked[] = [];
  for (const claim of git.claims) {
    const looked = await lookUpClaim(context, { ...claim, cut: git.cut }, line);
    const { mission } = looked;
    if (mission !== null && mission.certainty !== 'claimed') return looked;
    others.push(looked);
  }
  const claimed = others.find(({ mission }) => mission !== null);
  if (claimed !== undefined) return claimed;
  const elsewhere = others.find(({ by }) => by === 'elsewhere');
  const notes = [...new Set(others.flatMap((looked) => looked.notes))];
  return { by: elsewhere?.by ?? null, mission: null, notes };
}

async function lookUpClaim(
  { repository, openRecord }: WhyContext,
  { mission, space, inPlace, cut }: MissionClaim & Pick<CommitFacts, 'cut'>,
  line: CommittedLine,
): Promise<Looked> {
  const without = (by: MadeBy | null, note: string): Looked => {
    return { by, mission: null, notes: [`Its message names mission ${mission}${note}.`] };
  };
  const record = await openRecord(space);
  if (record === undefined) {
    return without('elsewhere', ` of record ${space}, which is not in this home`);
  }
  const { ledger } = record;
  const state = ledger.read.entity('mission', mission)?.body as MissionState | undefined;
  if (state === undefined) return without('elsewhere', `, which is not on record ${space}`);
  const recorded = recordedCommit(ledger.read, mission) === line.commit;
  const { top } = repository;
  const { base } = state;
  const certain = recorded && !cut;
  const found = await findEdits({ ledger, top, mission, base, line, certain });
  if (found.type === 'none') return without(null, `, but ${found.why}`);
  const isProven = found.type === 'edits' && found.proven;
  // Where the history is cut git calls every older line this commit's.
  if (cut && !isProven) return without(null, ', which may have found the line there');
  const certainty = recorded ? 'recorded' : isProven ? 'same-text' : 'claimed';
  const edits = found.type === 'edits' ? found.edits : [];
  const told = explainMission({ ledger, mission, state, certainty, edits }, line.path);
  return {
    by: 'mission',
    mission: told,
    notes: [
      ...certaintyNotes(certainty, told, inPlace),
      ...(found.type === 'unclear' ? [`${sentence(found.why)}.`] : []),
      ...goneNotes(told),
      ...(record.damaged ? ['This record is known to be damaged: skein verify'] : []),
    ],
  };
}

const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;

function certaintyNotes(
  certainty: Certainty,
  { gitCommit }: MissionWhy,
  inPlace: boolean,
): string[] {
  if (certainty === 'recorded') return [];
  const known = gitCommit === null ? 'no git commit' : `git commit ${gitCommit.slice(0, 10)}`;
  const how = inPlace ? 'amended, rebased or cherry-picked' : 'squashed or written anew';
  const made = `The record names ${known}: this one was ${how}.`;
  return certainty === 'same-text'
    ? [`${made} Its line is the one that the edit wrote.`]
    : [`${made} That the line is of this mission is only what its message says.`];
}

function goneNotes({ unreadable, pruned, edits }: MissionWhy): string[] {
  const when =
    pruned === null
      ? 'and no pruning explains it'
      : `pruned on ${pruned.time} (event ${pruned.event})`;
  const isTextGone = edits.some(({ before }) => before === null);
  return [
    ...(unreadable === 0 ? [] : [`${unreadable} events of the mission are not here, ${when}.`]),
    ...(isTextGone ? [`What the edit wrote is not here, ${when}.`] : []),
  ];
}
