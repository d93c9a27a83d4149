/**
 * The one door through which files of a mission are written: the reflex judges first, the intent
 * (with the lease's token, checked by the ledger) is durable next, then the file is written.
 */
import type { Ledger, LedgerReader } from '#ledger/ledger.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { EffectState } from '#tasks/effect-reducer.ts';
import type { Effects } from '#tasks/effects.ts';
import type { LeaseState } from '#tasks/task-reducer.ts';
import type { FilesPort } from './world.ts';

/** One file's new content. Hashes are SHA-256 of the bytes before and after. */
export interface ProposedEdit {
  readonly path: string;
  readonly baseHash: string;
  readonly afterHash: string;
  readonly after: Buffer;
  readonly changes: number;
}

/** What allows a write: a held lease and its fencing number. */
export interface EditToken {
  readonly mission: string;
  readonly task: string;
  readonly lease: string;
  readonly token: number;
}

/** The answer of a guardrail; `places` are `path:line:column` or whatever names the trouble. */
export type Verdict =
  | { readonly type: 'accept' }
  | {
      readonly type: 'refuse';
      readonly guardrail: string;
      readonly reason: string;
      readonly places: readonly string[];
    };

/** The deterministic reflex: names of what it looked at, and its verdict. Milliseconds, no model. */
export interface EditJudge {
  readonly guardrails: readonly string[];
  readonly judge: (edit: ProposedEdit, root: string) => Promise<Verdict>;
}

/** A door into one worktree. */
export interface EditDoor {
  /** What the reflex says to an edit that is not to be written; a refusal is recorded. */
  readonly propose: (edit: ProposedEdit) => Promise<Verdict>;
  /** Throws `guardrail-refused`, `lease-missing`, `edit-conflict`; nothing is written then. */
  readonly applyEdit: (edit: ProposedEdit, token: EditToken) => Promise<void>;
}

/** What a door needs. `refused` records a refusal before it is thrown. */
export interface EditDoorOptions {
  readonly root: string;
  readonly effects: Effects;
  readonly ledger: Pick<Ledger, 'blobs' | 'read'>;
  readonly files: FilesPort;
  readonly reflex: EditJudge;
  readonly refused: (edit: ProposedEdit, verdict: Verdict & { type: 'refuse' }) => Promise<void>;
}

/** The idempotency key of a file's first edit in a mission. */
export const editKey = (mission: string, path: string): string => `${mission}/edit/${path}`;

/** The key of this edit: a file that was edited before has one for each step from base to result. */
export function keyOfEdit(
  read: Pick<LedgerReader, 'entity'>,
  mission: string,
  { path, baseHash, afterHash }: Pick<ProposedEdit, 'path' | 'baseHash' | 'afterHash'>,
): string {
  const key = editKey(mission, path);
  const first = (read.entity('effect', key)?.body as EffectState | undefined)?.intent;
  if (first === undefined) return key;
  if (first['afterHash'] === afterHash && first['baseHash'] === baseHash) return key;
  return `${key}@${baseHash.slice(0, 16)}-${afterHash.slice(0, 16)}`;
}

/** Opens the door into the worktree at `root`. */
export function openEditDoor(options: EditDoorOptions): EditDoor {
  const { root, reflex, files, refused } = options;
  const propose = async (edit: ProposedEdit): Promise<Verdict> => {
    const verdict = await reflex.judge(edit, root);
    if (verdict.type === 'refuse') await refused(edit, verdict);
    return verdict;
  };
  return {
    propose,
    applyEdit: async (edit, token) => {
      const { path, baseHash, afterHash } = edit;
      const standing = await files.probe({ root, path, baseHash, afterHash });
      if (standing !== 'done') {
        const verdict = await propose(edit);
        if (verdict.type === 'refuse') throw refusal(edit, verdict);
      }
      await performEdit(options, edit, token);
    },
  };
}

async function performEdit(
  { root, effects, ledger, files, reflex }: EditDoorOptions,
  edit: ProposedEdit,
  { mission, task, lease, token }: EditToken,
): Promise<void> {
  const { path, baseHash, afterHash, after, changes } = edit;
  const target = { root, path, baseHash, afterHash };
  const blob = await ledger.blobs.put(after);
  const guardrails = reflex.guardrails;
  await effects.perform({
    kind: 'edit',
    key: keyOfEdit(ledger.read, mission, edit),
    subject: `file/${path}`,
    mission,
    intent: { lease, token, path, baseHash, afterHash, after: blob, changes, guardrails },
    expectation: { task, action: 'edit', expects: `${changes} changes, as planned` },
    act: async () => {
      assertStillHeld(ledger, { lease, token, path });
      await files.write({ ...target, after });
      return { afterHash };
    },
    probe: async () => {
      const state = await files.probe(target);
      if (state === 'done') return { type: 'done', outcome: { afterHash } };
      if (state === 'not-done') return { type: 'not-done' };
      return { type: 'unknown', detail: `${path} is neither what it was nor what it should be` };
    },
  });
}

/** Who slept between intent and write may have lost the lease: then another has the path now. */
function assertStillHeld(
  { read }: EditDoorOptions['ledger'],
  { lease, token, path }: { readonly lease: string; readonly token: number; readonly path: string },
): void {
  const held = read.entity('lease', lease)?.body as LeaseState | undefined;
  if (held?.status === 'held' && held.token === token) return;
  throw new SkeinError('lease-missing', `Cannot edit ${path}: the lease ${lease} is gone`);
}

function refusal({ path }: ProposedEdit, verdict: Verdict & { type: 'refuse' }): SkeinError {
  const { guardrail, reason, places } = verdict;
  return new SkeinError('guardrail-refused', `Cannot edit ${path}: ${reason}`, {
    fix: 'Nothing was written. Change the goal, or what stands in its way.',
    details: { guardrail, places },
  });
}
