/**
 * Bugs to plant: each replaces a piece of one source file as it is loaded, in a process that only
 * runs the simulation. `caught` is what the simulation says then.
 */

/** A bug; `find` stands in `file` exactly once. */
export interface Plant {
  readonly bug: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  readonly caught: RegExp;
}

/** One per promise that the simulation watches. */
export const PLANTS: readonly Plant[] = [
  {
    bug: 'acknowledge before commit',
    file: 'src/ledger/ledger-core.ts',
    find: "database.exec(head === this.#head ? 'ROLLBACK' : 'COMMIT');",
    replace: `if (head === this.#head) database.exec('ROLLBACK');
      const { exec } = database;
      database.exec = (sql) => {
        if (database.isTransaction && sql !== 'ROLLBACK') exec('COMMIT');
        database.exec = exec;
        exec(sql);
      };`,
    caught: /acknowledged and is lost/,
  },
  {
    bug: 'fold skipped for one event',
    file: 'src/ledger/ledger-core.ts',
    find: 'if (entity !== undefined) this.#entities.set(entity);',
    replace:
      "if (entity !== undefined && event.type !== 'lease.released') this.#entities.set(entity);",
    caught: /the state is what its events fold to/,
  },
  {
    bug: 'effect before intent',
    file: 'src/tasks/effects.ts',
    find: "await pause?.('before-intent', effect);",
    replace: `const early = await effect.act();
      effect = { ...effect, act: () => Promise.resolve(early) };`,
    caught: /no intent of .* is open/,
  },
  {
    bug: 'outcome recorded before the effect',
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
    file: 'src/tasks/effects.ts',
    find: "if (before?.status === 'intended') return settle(effect);",
    replace: "if (before?.status === 'intended') return act(effect);",
    caught: /done again|failed/,
  },
  {
    bug: 'lease check dropped',
    file: 'src/tasks/effect-decider.ts',
    find: "if (input.kind === 'edit') assertLease(input, context);",
    replace: '',
    caught: /without its lease/,
  },
  {
    bug: 'fencing token check dropped',
    file: 'src/tasks/effect-decider.ts',
    find: ': held.token !== token',
    replace: ': held.token < token',
    caught: /without its lease/,
  },
  {
    bug: 'a lease that survives an epoch, for edits',
    file: 'src/tasks/effect-decider.ts',
    find: ': held.epoch !== context.epoch',
    replace: ': held.epoch > context.epoch',
    caught: /without its lease/,
  },
  {
    bug: 'a lease that survives an epoch, for claims',
    file: 'src/tasks/task-decider.ts',
    find: 'if (lease === undefined || lease.epoch !== epoch) continue;',
    replace: 'if (lease === undefined) continue;',
    caught: /nobody held/,
  },
  {
    bug: 'two may hold a path',
    file: 'src/tasks/task-decider.ts',
    find: 'assertFree(body.writeSet, held, context.epoch);',
    replace: '',
    caught: /two hold a path/,
  },
  {
    bug: 'epoch check dropped',
    file: 'src/ledger/store/ledger-state.ts',
    find: 'if (found !== epoch) throw fenced(found, epoch);',
    replace: '',
    caught: /who lost the record wrote to it|the chain verifies/,
  },
  {
    bug: 'dedupe by time window',
    file: 'src/ledger/ledger-core.ts',
    find: 'const earlier = this.#ids.find(command.id);',
    replace: `const sentMs = Number.parseInt(command.id.replace('-', '').slice(0, 12), 16);
    const isLate = batch.time - sentMs > 86_400_000;
    const earlier = isLate ? undefined : this.#ids.find(command.id);`,
    caught: /again|conflict/,
  },
  {
    bug: 'anchor written ahead of the ledger',
    file: 'src/ledger/writer-loop.ts',
    find: 'const outcomes = core.flush(requests.map(({ pending }) => pending));',
    replace: `const ahead = core.head;
  if (ahead !== null) head.write({ ...ahead, seq: ahead.seq + 1 });
  const outcomes = core.flush(requests.map(({ pending }) => pending));`,
    caught: /was written and is gone|anchor|the chain verifies/,
  },
];
