/** Events that a member writes by hand: whatever they say, the record stays whole and folds to one state. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { submission } from '../support/mission-story.ts';
import { SPACE } from '../support/test-ledger.ts';
import { admit, linesOf, makeTestNode, pull, type TestNode } from '../support/test-nodes.ts';
import { damageOf } from './damage.ts';
import { chainName, liarChain, pageOf } from './liar.ts';

let seed = 800;

function stage(): [owner: TestNode, witness: TestNode, liar: TestNode] {
  const make = (founder?: string): TestNode =>
    makeTestNode({
      seed: (seed += 3),
      clock: { ms: Date.UTC(2026, 10, 21) },
      ...(founder === undefined ? {} : { founder }),
    });
  const owner = make();
  const [witness, liar] = [make(owner.signer.key), make(owner.signer.key)];
  for (const node of [witness, liar]) admit(owner, node);
  for (const node of [witness, liar]) pull(owner, node);
  return [owner, witness, liar];
}

const deep = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;

const note = { guardrail: 'syntax', detail: 'x' };
const HALF = '\ud800';
const { mission: _, ...submitted } = submission('m');
interface Odd {
  readonly raw?: string;
  readonly [field: string]: unknown;
}
const mission = (id: string): Odd => ({
  type: 'mission.submitted',
  subject: `mission/${id}`,
  mission: id,
  data: submitted,
});
const passed = (raw: string): Odd => ({
  type: 'guardrail.passed',
  subject: 'task/t',
  raw,
});

/** By what is odd about them. */
const ODD: Readonly<Record<string, Odd>> = {
  'nothing odd': mission('m'),
  'deep data': passed(`{"guardrail":"syntax","detail":"x","bytes":1,"deep":${deep(100_000)}}`),
  'deep data of a type that nobody knows': {
    ...passed(`{"bytes":1,"deep":${deep(100_000)}}`),
    type: 'later.known',
  },
  'a number that is none': {
    ...mission('m'),
    raw: JSON.stringify({ ...submitted, goal: 'x', odd: 0 }).replace('"odd":0', '"odd":1e999'),
  },
  'half a character in the type': { type: `x${HALF}`, subject: 'task/t', data: {} },
  'half a character in the mission': {
    type: 'guardrail.passed',
    subject: 'task/t',
    mission: HALF,
    data: note,
  },
  'half a character in the subject': {
    type: 'agent.retired',
    subject: `agent/${HALF}`,
    data: { reason: 'x' },
  },
  'half a character in the name of a mission': mission(HALF),
  'nothing in the type': { type: '', subject: '', data: null },
  'a zero in the type': { type: 'a\0b', subject: 'task/t', mission: 'a\0b', data: {} },
  'a prototype for a name': mission('__proto__'),
  'a prototype for a type': { type: '__proto__', subject: 'task/t', data: {} },
  'a constructor for a type': { type: 'constructor', subject: 'task/t', data: {} },
  'a prototype in the data': {
    type: 'space.chain-started',
    subject: `space/${SPACE}`,
    data: { chain: '__proto__', after: null, reason: 'x' },
  },
  'a very long mission': {
    type: 'guardrail.passed',
    subject: 'task/t',
    mission: 'm'.repeat(100_000),
    data: note,
  },
};

describe('an event with', () => {
  for (const [what, { raw, ...event }] of Object.entries(ODD)) {
    it(`${what} is refused, or harms nothing`, () => {
      const [owner, witness, liar] = stage();
      const lie = raw === undefined ? {} : { data: raw };
      const page = pageOf(liarChain(liar, chainName(liar, 'a')).next([event as never], lie));
      let isRefused = false;
      try {
        assert.equal(owner.take(page).type, 'taken');
      } catch (thrown) {
        const { name, message } = thrown as Error;
        assert.equal(name, 'page-refused', message);
        isRefused = true;
      }
      if (!isRefused) assert.equal(witness.take(page).type, 'taken');
      assert.deepEqual(damageOf(owner), []);
      assert.deepEqual(linesOf(witness), linesOf(owner));
      assert.equal(owner.foldedHash(), owner.stateHash());
    });
  }
});
