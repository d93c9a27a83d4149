/**
 * Refuses a change that brings type errors which the base does not have. It judges the change as
 * a whole, because single edits of a rename are wrong until the last one is made.
 */
import { diagnoseChange } from '#workspace/language/diagnose-change.ts';
import { readBase } from '#workspace/trees/read-base.ts';
import type { ProgramHost } from '#workspace/programs/program-host.ts';
import type { ProposedEdit, Verdict } from '#workspace/apply-edit.ts';
import { accept, refuse } from './guardrail.ts';

/** A change that stands in the worktree at `root`, which was made from the git commit `base`. */
export interface WholeChange {
  readonly root: string;
  readonly base: string;
  readonly files: readonly string[];
  readonly edits: readonly Pick<ProposedEdit, 'path' | 'after'>[];
  /** The names of a rename. */
  readonly from?: string;
  readonly to?: string;
  readonly signal: AbortSignal;
  /** What holds the programs that judge it. */
  readonly host: ProgramHost;
}

/** A guardrail on a whole change. */
export interface ChangeGuardrail {
  readonly name: string;
  readonly judge: (change: WholeChange) => Promise<Verdict>;
}

const MAX_PLACES = 20;

/** Only new errors count: those of the base are not this change's. */
export const newTypeErrors: ChangeGuardrail = {
  name: 'new-type-errors',
  judge: async (change) => {
    const paths = change.edits.map(({ path }) => path);
    const base = await readBase(change.root, change.base, paths);
    const edits = change.edits.map((edit) => {
      const before = base.get(edit.path);
      return before === undefined ? edit : { ...edit, before };
    });
    const found = await diagnoseChange({ ...change, edits });
    if (found.length === 0) return accept;
    const places = found.map(
      ({ path, line, column, code, message }) => `${path}:${line}:${column} TS${code} ${message}`,
    );
    const reason = `it brings ${found.length} new type error${found.length === 1 ? '' : 's'}`;
    return refuse('new-type-errors', reason, places.slice(0, MAX_PLACES));
  },
};
