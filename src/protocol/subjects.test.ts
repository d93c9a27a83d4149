/** Subjects name a space and nothing that a carrier could read as more than one place. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  MAX_SUBJECT_BYTES,
  agentSubject,
  assertSubject,
  assertToken,
  roleSubject,
  topicSubject,
} from './subjects.ts';

const SPACE = '0123456789abcdef0123456789abcdef';
const LONGEST = 'x'.repeat(64);
const NO_TOKENS = ['', 'a.b', '*', '>', 'a b', 'a\n', '\ta', 'ä', 'a/b', '..', `${LONGEST}x`];
const REFUSED = { name: 'subject-invalid' };

describe('subjects', () => {
  it('carry the space, the kind and the name', () => {
    assert.equal(agentSubject(SPACE, 'agent:coder-1'), `skein.${SPACE}.agent.coder-1`);
    assert.equal(topicSubject(SPACE, 'leases'), `skein.${SPACE}.topic.leases`);
    assert.equal(roleSubject(SPACE, 'coder'), `skein.${SPACE}.role.coder`);
  });

  it('of one space are never those of another, nor those of another kind', () => {
    const names = ['a', 'b', 'agent', 'topic', 'skein', '-', '_'];
    const built = names.flatMap((space) =>
      names.flatMap((name) => [
        agentSubject(space, `agent:${name}`),
        topicSubject(space, name),
        roleSubject(space, name),
      ]),
    );
    assert.equal(new Set(built).size, names.length * names.length * 3);
  });

  it('are what assertSubject takes, up to the longest', () => {
    for (const subject of [
      agentSubject(LONGEST, `agent:${LONGEST}`),
      topicSubject(LONGEST, LONGEST),
      roleSubject('A', '_'),
    ]) {
      assertSubject(subject);
      assert.ok(Buffer.byteLength(subject) <= MAX_SUBJECT_BYTES);
    }
  });

  it('are refused with a part that no carrier would keep apart', () => {
    for (const bad of NO_TOKENS) {
      assert.throws(() => topicSubject(SPACE, bad), REFUSED, bad);
      assert.throws(() => topicSubject(bad, 'leases'), REFUSED, bad);
      assert.throws(() => roleSubject(SPACE, bad), REFUSED, bad);
      assert.throws(() => agentSubject(SPACE, `agent:${bad}`), REFUSED, bad);
      assert.throws(() => assertToken(bad, 'group'), REFUSED, bad);
    }
    for (const bad of ['coder-1', 'person:owner', 'AGENT:coder', ' agent:coder']) {
      assert.throws(() => agentSubject(SPACE, bad), REFUSED, bad);
    }
    assert.throws(() => topicSubject(SPACE, 7 as unknown as string), REFUSED);
    assert.throws(() => agentSubject(SPACE, undefined as unknown as string), REFUSED);
  });

  it('that were not built here are refused', () => {
    for (const bad of [
      '',
      'skein',
      `skein.${SPACE}`,
      `skein.${SPACE}.agent`,
      `skein.${SPACE}.agent.`,
      `skein.${SPACE}.agent.a.b`,
      `skein.${SPACE}.agent.*`,
      `skein.${SPACE}.>`,
      `skein.${SPACE}.inbox.a`,
      `other.${SPACE}.agent.a`,
      `skein.${SPACE}.agent.a\n`,
      `skein.${LONGEST}x.agent.a`,
      undefined,
      7,
    ]) {
      assert.throws(() => assertSubject(bad), REFUSED, String(bad));
    }
  });

  it('are refused in a short sentence, however long they are', () => {
    const long = 'y'.repeat(1_000_000);
    for (const refuse of [() => assertSubject(long), () => topicSubject(SPACE, long)]) {
      assert.throws(refuse, ({ message }: Error) => message.length < 200);
    }
  });
});
