/**
 * The suite that every adapter of the bus must pass. The checks are a table, so that they can also
 * be run against a bus that is broken on purpose, to see that they notice.
 */
import { describe, it } from 'node:test';
import { closingChecks } from './conformance/closing-checks.ts';
import { deliveryChecks } from './conformance/delivery-checks.ts';
import { groupChecks } from './conformance/group-checks.ts';
import { limitChecks } from './conformance/limit-checks.ts';
import { requestChecks } from './conformance/request-checks.ts';
import { makeStage, type BusCheck, type OpenedBus } from './conformance/stage.ts';

const LIMIT_MS = 20_000;

/** Every check, by the sentences of the contract. */
export const BUS_CHECKS: readonly BusCheck[] = [
  ...deliveryChecks,
  ...groupChecks,
  ...limitChecks,
  ...requestChecks,
  ...closingChecks,
];

/** Runs one check on a carrier of its own; throws what it finds. Answers false if it can't be run. */
export async function runBusCheck(
  check: BusCheck,
  open: () => Promise<OpenedBus>,
  limitMs: number = LIMIT_MS,
): Promise<boolean> {
  const opened = await open();
  try {
    if (check.needsTwo === true && opened.connect === undefined) return false;
    await check.run(await makeStage(opened, limitMs));
    return true;
  } finally {
    await opened.close();
  }
}

/** The whole suite, as tests. `open` makes a new carrier, or a new connection to an empty one. */
export function describeBus(name: string, open: () => Promise<OpenedBus>): void {
  describe(`${name} keeps the contract of the bus`, () => {
    for (const check of BUS_CHECKS) {
      it(check.name, async (context) => {
        if (!(await runBusCheck(check, open))) context.skip('it has one connection only');
      });
    }
  });
}
