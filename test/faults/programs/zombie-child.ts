/**
 * A process that owns a space, says so, and waits; when it is told to go on, whatever happened
 * meanwhile, it tries every way of writing there is: ledger, file, branch. One line of JSON for
 * each. With `unfenced` it does not ask who owns the record: the protection turned off.
 */
import { execFileSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { makeRunner } from '#agents/runner.ts';
import { deciders, reducers } from '#daemon/state-tables.ts';
import { openNodeKey } from '#identity/node-key.ts';
import { LedgerCore } from '#ledger/ledger-core.ts';
import { makeLedgerReader } from '#ledger/ledger-reader.ts';
import type { Ledger } from '#ledger/ledger.ts';
import { openLedgerDatabase } from '#ledger/store/database.ts';
import { sha256 } from '#lib/sha256.ts';
import { makeUuidv7 } from '#lib/uuidv7.ts';
import { makeEffects } from '#tasks/effects.ts';
import type { MissionWork } from '#tasks/mission-work.ts';
import { openEditDoor } from '#workspace/apply-edit.ts';
import { localWorld } from '#workspace/local-world.ts';
import { openRepository } from '#workspace/git/open-repository.ts';
import { missionStory } from '../../support/mission-story.ts';
import { SPACE } from '../../support/test-ledger.ts';

const [folder = '', top = '', unfenced] = process.argv.slice(2);
const random = (bytes: Uint8Array): Uint8Array => randomFillSync(bytes);
const newId = makeUuidv7({ now: Date.now, random });
const MISSION = newId();
const say = (what: object): void => void process.stdout.write(`${JSON.stringify(what)}\n`);

const database = openLedgerDatabase(join(folder, 'ledger.db'));
if (unfenced === 'unfenced') blindfold(database);
const core = new LedgerCore({
  database,
  space: SPACE,
  signer: openNodeKey(join(folder, 'node.key')),
  epoch: 1,
  now: Date.now,
  random,
  deciders,
  reducers,
});

/** The question who owns the record is answered with what this process wants to hear. */
function blindfold(target: DatabaseSync): void {
  const prepare = target.prepare.bind(target);
  target.prepare = (sql) => {
    if (!sql.includes("key = 'epoch'")) return prepare(sql);
    return prepare("SELECT '1' AS value");
  };
}

const ledger = {
  space: SPACE,
  read: makeLedgerReader(database),
  blobs: { put: async (content: Uint8Array) => ({ hash: sha256(content), bytes: content.length }) },
  execute: async (command, speaker) => {
    const [outcome] = core.flush([{ command, speaker }]);
    if (outcome?.type === 'stored') return outcome.receipt;
    throw outcome?.error ?? new Error('no outcome');
  },
} as Partial<Ledger> as Ledger;

const human = { actor: 'person:owner', authority: 'human' } as const;
for (const { name, input } of missionStory(MISSION, ['a.txt']).slice(0, 6)) {
  await ledger.execute({ id: newId(), name, input }, human);
}
say({ ready: true });
await once(process.stdin, 'data');

const effects = makeEffects({ ledger, newId, speaker: { actor: 'agent:a', authority: 'peer' } });

async function attempt(what: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
    say({ what, error: null });
  } catch (error) {
    say({ what, error: (error as Error).name });
  }
}

await attempt('ledger', () => {
  const data = { guardrail: 'syntax', detail: 'late' };
  const input = { type: 'guardrail.passed', subject: 'task/t', data };
  return ledger.execute({ id: newId(), name: 'note.record', input }, human);
});
await attempt('file', () => {
  const after = Buffer.from('two\n');
  const hashes = { baseHash: sha256(Buffer.from('one\n')), afterHash: sha256(after) };
  const reflex = { guardrails: [], judge: async () => ({ type: 'accept' }) as const };
  const door = openEditDoor({
    root: top,
    effects,
    ledger,
    files: localWorld.files,
    reflex,
    refused: async () => {},
  });
  const task = `${MISSION}.1`;
  const token = { mission: MISSION, task, lease: `${task}.1`, token: 1 };
  return door.applyEdit({ path: 'a.txt', ...hashes, after, changes: 1 }, token);
});
await attempt('branch', async () => {
  const head = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: top, encoding: 'utf8' }).trim();
  const repository = await openRepository(top);
  const work = {
    mission: MISSION,
    effects,
    repository,
    world: localWorld,
  } as Partial<MissionWork> as MissionWork;
  await makeRunner().branch({ ...work, as: () => work }, 'zombie', head);
});
process.exit(0);
