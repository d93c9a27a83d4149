/** Tries to get out of the tier. */
import type { ProbeReport } from '#sandbox/sandbox.ts';
import type { DenoTier } from '../open-deno.ts';
/** Not tried yet. */
export async function probeDeno(tier: DenoTier): Promise<ProbeReport> {
  return {
    enclosure: tier.enclosure,
    holds: false,
    attempts: [],
    problem: 'it was not tried yet',
    fix: null,
  };
}
