/**
 * The scout: finds out why an expectation was not met, tells its peers, and names a strategy, so
 * that nobody tries the same again blindly. What recipes find while planning is told in its name.
 */
import { expecting } from '#tasks/expect.ts';
import { safePoint } from '#tasks/mission-work.ts';
import type { Assignment } from './assignment.ts';

/** An expectation that was not met; `event` is the id of the event that says so. */
export interface Failure {
  readonly event: string;
  readonly task: string;
  readonly what: string;
  readonly paths: readonly string[];
}

/** Why, and which strategy would do better on which paths; null when none is known. */
export interface Diagnosis {
  readonly finding: string;
  readonly strategy: string | null;
  readonly paths: readonly string[];
}

/** An agent that finds out and writes nothing. */
export interface Scout {
  /** Diagnoses failures by `ask`, the knowledge of the mission's recipe; tells record and peers. */
  readonly diagnose: (
    assignment: Assignment,
    failures: readonly Failure[],
    ask: (failure: Failure) => Promise<Diagnosis>,
  ) => Promise<readonly Diagnosis[]>;
}

/** The scout of a node. */
export const makeScout = (): Scout => ({
  diagnose: async (assignment, failures, ask) => {
    const found: Diagnosis[] = [];
    for (const failure of failures) {
      safePoint(assignment.work);
      found.push(await diagnoseOne(assignment, failure, ask));
      assignment.alive();
    }
    return found;
  },
});

async function diagnoseOne(
  { work, agent, task }: Assignment,
  failure: Failure,
  ask: (failure: Failure) => Promise<Diagnosis>,
): Promise<Diagnosis> {
  const expects = 'a cause, and a strategy that meets what was expected';
  const subject = `task/${failure.task}`;
  const action = { task, subject, action: 'diagnose', expects };
  const { value } = await expecting(work, action, async () => {
    const diagnosis = await ask(failure);
    const met = diagnosis.strategy !== null;
    return { met, found: diagnosis.finding, value: diagnosis };
  });
  const { finding, strategy, paths } = value;
  const data = { task, finding, strategy, paths };
  const { mission, record } = work;
  const cause = failure.event;
  await record('note.record', { type: 'agent.diagnosed', subject, mission, cause, data });
  if (strategy !== null) await agent.announce(task, `${finding}: ${strategy}`, []);
  return value;
}
