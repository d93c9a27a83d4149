/**
 * The one door through which files of a mission are written: the reflex judges first, the intent
 * (with the lease's token, checked by the ledger) is durable next, then the file is written.
 */
import type { Blobs } from '#ledger/ledger.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { Effects } from '#tasks/effects.ts';
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
  /** Throws `guardrail-refused`, `lease-missing`, `edit-conflict`; nothing is written then. */
  readonly applyEdit: (edit: ProposedEdit, token: EditToken) => Promise<void>;
}

/** What a door needs. `refused` records a refusal before it is thrown. */
export interface EditDoorOptions {
  readonly root: string;
  readonly effects: Effects;
  readonly blobs: Blobs;
  readonly files: FilesPort;
  readonly reflex: EditJudge;
  readonly refused: (edit: ProposedEdit, verdict: Verdict & { type: 'refuse' }) => Promise<void>;
}

/** The idempotency key of an edit. */
export const editKey = (mission: string, path: string): string => `${mission}/edit/${path}`;

/** Opens the door into the worktree at `root`. */
export function openEditDoor(options: EditDoorOptions): EditDoor {
  const { root, effects, blobs, files, reflex, refused } = options;
  return {
    applyEdit: async (edit, { mission, lease, token }) => {
      const { path, baseHash, afterHash, after, changes } = edit;
      const target = { root, path, baseHash, afterHash };
      const standing = await files.probe(target);
      if (standing !== 'done') {
        const verdict = await reflex.judge(edit, root);
        if (verdict.type === 'refuse') {
          await refused(edit, verdict);
          throw refusal(edit, verdict);
        }
      }
      const blob = await blobs.put(after);
      const guardrails = reflex.guardrails;
      await effects.perform({
        kind: 'edit',
        key: editKey(mission, path),
        subject: `file/${path}`,
        mission,
        intent: { lease, token, path, baseHash, afterHash, after: blob, changes, guardrails },
        act: async () => {
          await files.write({ ...target, after });
          return { afterHash };
        },
        probe: async () => {
          const state = await files.probe(target);
          if (state === 'done') return { type: 'done', outcome: { afterHash } };
          if (state === 'not-done') return { type: 'not-done' };
          return {
            type: 'unknown',
            detail: `${path} is neither what it was nor what it should be`,
          };
        },
      });
    },
  };
}

function refusal({ path }: ProposedEdit, verdict: Verdict & { type: 'refuse' }): SkeinError {
  const { guardrail, reason, places } = verdict;
  return new SkeinError('guardrail-refused', `Cannot edit ${path}: ${reason}`, {
    fix: 'Nothing was written. Change the goal, or what stands in its way.',
    details: { guardrail, places },
  });
}
