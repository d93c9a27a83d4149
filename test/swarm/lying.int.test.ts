/**
 * Coders that lie: they say that they are done, and did something else. The supervisor believes the
 * worktree and git, not them; each lie is found, named, and gets on no branch.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Assignment } from '#agents/assignment.ts';
import type { Coder } from '#agents/coder.ts';
import { makeCritic } from '#agents/critic.ts';
import { sha256 } from '#lib/sha256.ts';
import type { Crew } from '#supervisor/crew.ts';
import type { ProposedEdit } from '#workspace/apply-edit.ts';
import { localWorld } from '#workspace/local-world.ts';
import type { World } from '#workspace/world.ts';
import {
  assertEnded,
  dataOf,
  openSwarmWorld,
  realCoder,
  type Ended,
  type SwarmWorld,
} from './swarm-world.ts';
import { onePathParts } from './test-recipe.ts';

type Work = (assignment: Assignment, edits: readonly ProposedEdit[]) => Promise<void>;

const honest: Work = (assignment, edits) => realCoder().edit(assignment, edits);

const after = (edit: ProposedEdit, content: string): ProposedEdit => {
  const bytes = Buffer.from(content);
  return { ...edit, after: bytes, afterHash: sha256(bytes) };
};

interface Lie {
  readonly name: string;
  readonly error: string;
  /** What the person is told. */
  readonly told: RegExp;
  readonly work: Work;
}

/** Does honest work, and something besides it in the worktree. */
const besides =
  (deed: (worktree: string) => void): Work =>
  async (assignment, edits) => {
    await honest(assignment, edits);
    deed(assignment.work.worktree);
  };

const LIES: readonly Lie[] = [
  {
    name: 'does nothing',
    error: 'evidence-missing',
    told: /a\.txt: the plan changes it, and no edit was recorded/u,
    work: async () => undefined,
  },
  {
    name: 'does half of it',
    error: 'evidence-missing',
    told: /b\.txt: the plan changes it, and no edit was recorded/u,
    work: (assignment, edits) => honest(assignment, edits.slice(0, 1)),
  },
  {
    name: 'edits something else through the door',
    error: 'review-refused',
    told: /a\.txt:1 \+ mine/u,
    work: (assignment, edits) =>
      honest(
        assignment,
        edits.map((edit) => (edit.path === 'a.txt' ? after(edit, 'mine\n') : edit)),
      ),
  },
  {
    name: 'adds a line past the door',
    error: 'evidence-missing',
    told: /a\.txt: changed, and no recorded edit explains it/u,
    work: besides((root) => appendFileSync(join(root, 'a.txt'), 'planted\n')),
  },
  {
    name: 'takes an edit back past the door',
    error: 'evidence-missing',
    told: /a\.txt: changed, and no recorded edit explains it/u,
    work: besides((root) => writeFileSync(join(root, 'a.txt'), 'a\n')),
  },
  {
    name: 'writes a file of nobody past the door',
    error: 'evidence-missing',
    told: /c\.txt: changed, and no recorded edit explains it/u,
    work: besides((root) => appendFileSync(join(root, 'c.txt'), 'planted\n')),
  },
  {
    name: 'writes a file of nobody through the door',
    error: 'lease-missing',
    told: /Cannot edit c\.txt: the lease does not cover the path/u,
    work: (assignment, edits) => {
      const edit = after(
        { ...(edits[0] as ProposedEdit), path: 'c.txt', baseHash: sha256('c\n') },
        'x\n',
      );
      return honest(assignment, [...edits, edit]);
    },
  },
  {
    name: 'makes a file executable',
    error: 'evidence-missing',
    told: /a\.txt: mode, and no recorded edit explains it/u,
    work: besides((root) => chmodSync(join(root, 'a.txt'), 0o755)),
  },
  {
    name: 'deletes a file',
    error: 'evidence-missing',
    told: /c\.txt: deleted, and no recorded edit explains it/u,
    work: besides((root) => rmSync(join(root, 'c.txt'))),
  },
  {
    name: 'brings in a new file by the index',
    error: 'evidence-missing',
    told: /new\.txt: added, and no recorded edit explains it/u,
    work: besides((root) => {
      writeFileSync(join(root, 'new.txt'), 'planted\n');
      execFileSync('git', ['add', 'new.txt'], { cwd: root });
    }),
  },
];

interface Setup {
  readonly crew?: Partial<Crew>;
  readonly world?: Partial<World>;
  readonly isSplit?: boolean;
}

/** A mission whose coder works as `work` says. */
async function runWith(work: Work, { crew, world, isSplit = false }: Setup = {}) {
  const edits = { 'a.txt': 'A\n', 'b.txt': 'B\n' };
  const parts = isSplit ? { parts: onePathParts('a.txt', 'b.txt') } : {};
  const coder: Coder = { ...realCoder(), edit: work };
  const opened = await openSwarmWorld({
    files: { 'a.txt': 'a\n', 'b.txt': 'b\n', 'c.txt': 'c\n' },
    goals: { go: { plan: () => ({ edits, ...parts }) } },
    crew: { coder, ...crew },
    ...(world === undefined ? {} : { world }),
  });
  return { world: opened, end: await opened.run('go', { jobs: 1 }) };
}

/** The mission failed for that reason; its worktree is there to be looked at, and nothing else. */
function assertCaught(
  world: SwarmWorld,
  end: Ended,
  { error, told }: Omit<Lie, 'work' | 'name'>,
): void {
  assertEnded(world, end, 'failed');
  const { problem } = end.state;
  assert.equal(problem?.error, error, problem?.message ?? '');
  assert.match(problem?.message ?? '', told);
  assert.equal(end.state.worktreeKept, true);
  assert.ok(existsSync(world.worktree(end.mission)));
  assert.deepEqual(dataOf(end.events, 'git-commit.intended'), []);
  assert.deepEqual(world.supervisor.agents, []);
}

describe('a coder that lies', () => {
  for (const { name, work, ...found } of LIES) {
    it(`and ${name} is found out`, async () => {
      const { world, end } = await runWith(work);
      assertCaught(world, end, found);
    });
  }

  it('is believed when it does not', async () => {
    const { world, end } = await runWith(honest);
    assertEnded(world, end, 'done');
  });

  it('writes the file of another task before that has begun, and is found out by it', async () => {
    const work: Work = async (assignment, edits) => {
      await honest(assignment, edits);
      if (assignment.task.endsWith('.1')) {
        appendFileSync(join(assignment.work.worktree, 'b.txt'), 'planted\n');
      }
    };
    const { world, end } = await runWith(work, { isSplit: true });
    assertCaught(world, end, {
      error: 'guardrail-refused',
      told: /Cannot edit b\.txt: the file has changed since the edit was planned/u,
    });
  });

  it('writes the file of another task that is done, and is found out at once', async () => {
    const work: Work = async (assignment, edits) => {
      await honest(assignment, edits);
      if (assignment.task.endsWith('.2')) {
        appendFileSync(join(assignment.work.worktree, 'a.txt'), 'planted\n');
      }
    };
    const { world, end } = await runWith(work, { isSplit: true });
    assertCaught(world, end, { error: 'evidence-missing', told: /a\.txt: changed/u });
  });

  it('writes after it has handed over, and none of it is committed', async () => {
    let worktree = '';
    const work: Work = (assignment, edits) => {
      worktree = assignment.work.worktree;
      return honest(assignment, edits);
    };
    const late: Crew['critic'] = {
      review: async (...asked) => {
        const verdict = await makeCritic().review(...asked);
        appendFileSync(join(worktree, 'a.txt'), 'late\n');
        return verdict;
      },
    };
    const { world, end } = await runWith(work, { crew: { critic: late } });
    assertEnded(world, end, 'failed');
    assert.equal(end.state.problem?.error, 'check-failed');
  });
});

describe('without what finds it out', () => {
  const lie = (name: string): Work => LIES.find((each) => each.name === name)?.work ?? honest;

  it('a critic that accepts anything lets another content pass', async () => {
    const critic: Crew['critic'] = { review: async () => ({ type: 'accept', hunks: 0 }) };
    const { world, end } = await runWith(lie('edits something else through the door'), {
      crew: { critic },
    });
    assertEnded(world, end, 'done');
    assert.equal(world.show(end.state.gitCommit ?? '', 'a.txt'), 'mine\n');
  });

  it('nobody looks for strays: a file of nobody is only found at the very end', async () => {
    const findStray: World['trees']['findStray'] = async () => ({ count: 0, files: [] });
    const { world, end } = await runWith(lie('writes a file of nobody past the door'), {
      world: { trees: { ...localWorld.trees, findStray } },
    });
    assertCaught(world, end, {
      error: 'check-failed',
      told: /changed files past the plan: c\.txt/u,
    });
  });
});
