/**
 * Bugs to plant: each replaces a piece of one source file as it is loaded, in a process that only
 * runs the simulation. `caught` is what the simulation says then.
 */

import type { Kind } from './story.ts';

/**
 * A bug; `find` stands in `file` exactly once. `among` are the stories in which it shows, `from` is
 * the first seed that is told: those before have not shown it.
 */
export interface Plant {
  readonly bug: string;
  readonly among: Kind;
  readonly from?: number;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  readonly caught: RegExp;
}

/** In the record and in the protocol of effects and leases. */
const RECORD_PLANTS: readonly Plant[] = [
  {
    bug: 'acknowledge before commit',
    among: 'dying',
    file: 'src/ledger/commit-shelf.ts',
    find: 'database.exec(work() ? keep : undo);',
    replace: `const { exec } = database;
      if (!work() || keep !== 'COMMIT') exec.call(database, undo);
      else {
        database.exec = (sql) => {
          if (database.isTransaction && sql !== 'ROLLBACK') exec.call(database, 'COMMIT');
          database.exec = exec;
          exec.call(database, sql);
        };
      }`,
    caught: /acknowledged and is lost|no intent of .* is open/,
  },
  {
    bug: 'fold skipped for one event',
    among: 'dying',
    file: 'src/ledger/commit-shelf.ts',
    find: 'if (entity !== undefined) this.entities.set(entity);',
    replace: `const skipped = decoded.event.type === 'lease.released';
    if (entity !== undefined && !skipped) this.entities.set(entity);`,
    caught: /the state is what its events fold to/,
  },
  {
    bug: 'effect before intent',
    among: 'dying',
    file: 'src/tasks/effects.ts',
    find: "await pause?.('before-intent', effect);",
    replace: `const early = await effect.act();
      effect = { ...effect, act: () => Promise.resolve(early) };`,
    caught: /no intent of .* is open/,
  },
  {
    bug: 'outcome recorded before the effect',
    among: 'dying',
    file: 'src/tasks/effects.ts',
    find: "await pause?.('after-intent', effect);",
    replace: `if (effect.kind === 'branch') {
        await record('effect.finish', effect, {});
        return effect.act();
      }`,
    caught: /no intent of .* is open/,
  },
  {
    bug: 'resume without probing',
    among: 'dying',
    file: 'src/tasks/effects.ts',
    find: "if (before?.status === 'intended') return settle(effect);",
    replace: "if (before?.status === 'intended') return act(effect);",
    caught: /done again|failed/,
  },
  {
    bug: 'lease check dropped',
    among: 'restless',
    file: 'src/tasks/effect-decider.ts',
    find: "if (input.kind === 'edit') assertLease(input, context);",
    replace: '',
    caught: /without its lease/,
  },
  {
    bug: 'fencing token check dropped',
    among: 'restless',
    file: 'src/tasks/lease-decider.ts',
    find: 'if (held.token !== token) return',
    replace: 'if (held.token < token) return',
    caught: /without its lease|under another lease/,
  },
  {
    bug: 'a lease that survives an epoch, for edits',
    among: 'restless',
    file: 'src/tasks/lease-decider.ts',
    find: 'if (held.epoch !== epoch) return',
    replace: 'if (held.epoch > epoch) return',
    caught: /without its lease/,
  },
  {
    bug: 'a lease that survives an epoch, for claims',
    among: 'restless',
    from: 8,
    file: 'src/tasks/lease-decider.ts',
    find: 'if (lease === undefined || lease.epoch !== epoch) continue;',
    replace: 'if (lease === undefined) continue;',
    caught: /nobody held|stuck/,
  },
  {
    bug: 'two may hold a path',
    among: 'restless',
    file: 'src/tasks/task-decider.ts',
    find: 'assertFree(paths, held, context.epoch);',
    replace: '',
    caught: /two hold a path/,
  },
  {
    bug: 'epoch check dropped',
    among: 'any',
    from: 6,
    file: 'src/ledger/store/ledger-state.ts',
    find: 'if (found !== epoch) throw fenced(found, epoch);',
    replace: '',
    caught: /who lost the record wrote to it|the chain verifies/,
  },
  {
    bug: 'dedupe by time window',
    among: 'any',
    file: 'src/ledger/command-batch.ts',
    find: 'const earlier = this.#parts.shelf.ids.find(command.id);',
    replace: `const sentMs = Number.parseInt(command.id.replace('-', '').slice(0, 12), 16);
    const isLate = this.#parts.time - sentMs > 86_400_000;
    const earlier = isLate ? undefined : this.#parts.shelf.ids.find(command.id);`,
    caught: /again|conflict/,
  },
  {
    bug: 'anchor written ahead of the ledger',
    among: 'dying',
    file: 'src/ledger/writer-loop.ts',
    find: 'const outcomes = core.flush(requests.map(({ pending }) => pending));',
    replace: `const ahead = core.head;
  if (ahead !== null) head.write({ ...ahead, seq: ahead.seq + 1 });
  const outcomes = core.flush(requests.map(({ pending }) => pending));`,
    caught: /was written and is gone|anchor|the chain verifies/,
  },
];

/** In the swarm: what it does about who hangs, lies or comes across something. */
const SWARM_PLANTS: readonly Plant[] = [
  {
    bug: 'expired lease not fenced at the write',
    among: 'silent',
    file: 'src/workspace/apply-edit.ts',
    find: 'assertStillHeld(ledger, { lease, token, path });',
    replace: '',
    caught: /under a lease that is gone/,
  },
  {
    bug: 'who lost a lease closes the effect of who has it',
    among: 'silent',
    from: 7,
    file: 'src/tasks/effects.ts',
    find: "['interrupted', 'lease-missing']",
    replace: "['interrupted']",
    caught: /Cannot close|no intent of .* is open|edit-conflict/,
  },
  {
    bug: "hung agent's task never given to another",
    among: 'silent',
    file: 'src/supervisor/swarm/dispatch.ts',
    find: "if (end.type !== 'lost') return;",
    replace: "if (end.type === 'lost') blocked.set(task, Number.MAX_SAFE_INTEGER); return;",
    caught: /stuck|limit-reached/,
  },
  {
    bug: 'lease ends in spite of signs of life',
    among: 'silent',
    from: 6,
    file: 'src/supervisor/swarm/lease-clock.ts',
    find: 'if (silentMs >= ttlMs) expired();',
    replace: 'if (silentMs >= ttlMs / 2) expired();',
    caught: /a lease expired after/,
  },
  {
    bug: 'task done before its tree is kept',
    among: 'dying',
    file: 'src/supervisor/swarm/task/hand-over.ts',
    find: 'await trees.keep(repository, kept);',
    replace: '',
    caught: /no ref keeps its tree/,
  },
  {
    bug: 'predecessors not checked at claim',
    among: 'restless',
    file: 'src/tasks/task-decider.ts',
    find: "?.body.status !== 'done');",
    replace: "?.body.status === 'unheard-of');",
    caught: /before those it comes after|before its time/,
  },
  {
    bug: 'task.finish without token check',
    among: 'restless',
    file: 'src/tasks/task-decider.ts',
    find: `requireHeld({ lease: body.lease ?? '', token }, context);
      const mission`,
    replace: 'void requireHeld; const mission',
    caught: /under another lease/,
  },
  {
    bug: 'released task keeps its lease',
    among: 'finding',
    file: 'src/tasks/task-decider.ts',
    find: 'return [released, ...closeLease(body, context, reason)];',
    replace: 'return [released];',
    caught: /keeps its lease/,
  },
  {
    bug: 'changed plan adopted without approval though it grew',
    among: 'answering',
    file: 'src/supervisor/plan-decider.ts',
    find: 'const why = whyAsk(body, data);',
    replace: 'const why = whyAsk(body, body);',
    caught: /asks for more and nobody was asked/,
  },
  {
    bug: 'a no is overtaken by the tasks of the plan',
    among: 'answering',
    from: 15,
    file: 'src/supervisor/mission-executor.ts',
    find: 'if (!(await replan(swarm))) return false;',
    replace: "if (!(await replan(swarm)) && missionState(work).status === 'waiting') return false;",
    caught: /conflict: Cannot/,
  },
  {
    bug: 'stray check dropped',
    among: 'lying',
    from: 8,
    file: 'src/supervisor/swarm/task/hand-over.ts',
    find: 'if (writes(planned)) await assertNoStray(swarm, planned);',
    replace: '',
    caught: /failed: check-failed|nobody noticed a lie/,
  },
  {
    bug: 'critic accepts anything',
    among: 'lying',
    file: 'src/agents/critic.ts',
    find: 'return refusal(',
    replace: 'if (work === undefined) return refusal(',
    caught: /nobody noticed a lie|made another tree/,
  },
  {
    bug: 'a change is taken over for another mission',
    among: 'finding',
    file: 'src/agents/discoveries.ts',
    find: 'other.startsWith(`${mission}.`) && ',
    replace: '',
    caught: /made another tree/,
  },
  {
    bug: 'who spoke for a path once is trusted for ever',
    among: 'finding',
    from: 165,
    file: 'src/agents/discoveries.ts',
    find: '&& holds(work, taken.task, path)',
    replace: '',
    caught: /made another tree/,
  },
];

/** One per promise that the simulation watches. */
export const PLANTS: readonly Plant[] = [...RECORD_PLANTS, ...SWARM_PLANTS];
