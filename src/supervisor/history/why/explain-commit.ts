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
import { explainMission, recordedCommit } from './explain-mission.ts';
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
  if (git.claims.length > 0 || git.cut) return 'by-hand';
  return (await hasSkeinBefore(repository.top, git.commit)) === false ? 'before-skein' : 'by-hand';
}

type CommittedLine = BlamedLine & { readonly commit: string };

interface Looked {
  readonly by: MadeBy | null;
  readonly mission: MissionWhy | null;
  readonly notes: readonly string[];
}

/** Of several missions the one whose edit made the line; without any, what is known of the last. */
async function lookUp(context: WhyContext, git: CommitFacts, line: CommittedLine): Promise<Looked> {
  const others: Looked[] = [];
  for (const claim of git.claims) {
    const looked = await lookUpClaim(context, claim, line);
    if (looked.mission !== null) return looked;
    others.push(looked);
  }
  const elsewhere = others.find(({ by }) => by === 'elsewhere');
  const notes = [...new Set(others.flatMap((looked) => looked.notes))];
  return { by: elsewhere?.by ?? null, mission: null, notes };
}

async function lookUpClaim(
  { repository, openRecord }: WhyContext,
  { mission, space, inPlace }: MissionClaim,
  line: CommittedLine,
): Promise<Looked> {
  const nobody = { by: null, mission: null } as const;
  const record = await openRecord(space);
  if (record === undefined) {
    const notes = [`It names mission ${mission} of record ${space}, which is not in this home.`];
    return { by: 'elsewhere', mission: null, notes };
  }
  const { ledger } = record;
  const state = ledger.read.entity('mission', mission)?.body as MissionState | undefined;
  if (state === undefined) {
    const notes = [`It names mission ${mission}, which is not on record ${space}.`];
    return { by: 'elsewhere', mission: null, notes };
  }
  const recorded = recordedCommit(ledger.read, mission) === line.commit;
  const search = { ledger, top: repository.top, mission, base: state.base, line, recorded };
  const found = await findEdits(search);
  if (found.type === 'none') {
    return { ...nobody, notes: [`Its message names mission ${mission}, but ${found.why}.`] };
  }
  const isProven = found.type === 'edits' && found.proven;
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
