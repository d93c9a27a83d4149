/** One clock for all processes of a bench: milliseconds of the machine's monotonic clock. */

const NS_PER_MS = 1e6;

/** The same in every process of this machine, good to a microsecond. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / NS_PER_MS;
