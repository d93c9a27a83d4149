/** What other programs hold on to: error codes never clash, event types stay readable for ever. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { ERRORS } from '#protocol/errors.ts';
import { EVENT_TYPES, decodeEvent } from '#protocol/event-types.ts';
import { listFiles, readSource } from './source-files.ts';

const SAMPLES = 'test/fixtures/events';

describe('the error table', () => {
  it('has one code of 5001 to 5999 for each name', () => {
    const codes = Object.values(ERRORS).map(({ code }) => code);
    assert.deepEqual(findBadCodes(codes), []);
    assert.deepEqual(findBadCodes([5001, 5001, 4999, 6000, 5001.5]), [5001, 4999, 6000, 5001.5]);
  });

  it('names errors in kebab-case, with a status and an exit that mean failure', () => {
    for (const [name, { status, exit }] of Object.entries(ERRORS)) {
      assert.match(name, /^[a-z]+(-[a-z]+)*$/);
      assert.ok(status >= 400 && status <= 599, `${name}: status ${status}`);
      assert.ok(exit >= 1 && exit <= 130, `${name}: exit ${exit}`);
    }
  });
});

// A sample is <type>.json (version 1) or <type>.v2.json: one recorded event, never changed again.
describe('event types', () => {
  const samples = listFiles(SAMPLES).filter((file) => file.endsWith('.json'));

  it('are named noun.verb-past or alike: lower case, one dot', () => {
    for (const type of Object.keys(EVENT_TYPES)) {
      assert.match(type, /^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$/);
    }
  });

  it('each have a recorded sample of every version', () => {
    const expected = Object.entries(EVENT_TYPES).flatMap(([type, { v }]) =>
      Array.from({ length: v }, (_, index) => sampleName(type, index + 1)),
    );
    assert.deepEqual(
      samples.map((file) => path.posix.basename(file)).toSorted(),
      expected.toSorted(),
    );
  });

  it('still read every sample as what it was', () => {
    assert.ok(samples.length > 0, `${SAMPLES} has samples`);
    for (const file of samples) {
      const decoded = decodeEvent(readSource(file).text.trim());
      assert.ok(decoded.known, `${file} is known`);
      const { type, v } = decoded.event;
      assert.equal(sampleName(type, v ?? 1), path.posix.basename(file));
    }
  });

  it('are refused when a sample lacks what its type declares', () => {
    for (const file of samples) {
      const event = JSON.parse(readSource(file).text) as { type: keyof typeof EVENT_TYPES };
      const wrong = JSON.stringify({ ...event, data: 'no longer an object' });
      assert.throws(() => decodeEvent(wrong), { name: 'event-invalid' }, file);
    }
  });
});

const sampleName = (type: string, version: number): string =>
  version === 1 ? `${type}.json` : `${type}.v${version}.json`;

/** Codes that appear twice, or that are not whole numbers of the range. */
function findBadCodes(codes: readonly number[]): number[] {
  const inRange = (code: number): boolean => Number.isInteger(code) && code >= 5001 && code <= 5999;
  const twice = codes.filter((code, index) => codes.indexOf(code) < index);
  return [...twice, ...codes.filter((code) => !inRange(code))];
}
