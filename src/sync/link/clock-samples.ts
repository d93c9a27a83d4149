/** How far a peer's clock is ahead, from round trips as NTP measures them (RFC 5905, section 8). */
import type { ClockEstimate } from './link.ts';

const KEPT = 8;

/** The last round trips; the quickest of them says most. */
export class ClockSamples {
  readonly #kept: ClockEstimate[] = [];

  /** Sent and received again by our clock, received by the peer's; milliseconds. */
  add(sentAt: number, peerAt: number, receivedAt: number): void {
    const rttMs = receivedAt - sentAt;
    // Our clock was set meanwhile: the sample says nothing.
    if (!(rttMs >= 0) || !Number.isFinite(peerAt)) return;
    const offsetMs = peerAt - (sentAt + receivedAt) / 2;
    this.#kept.push({ offsetMs, errorMs: rttMs / 2, rttMs });
    if (this.#kept.length > KEPT) this.#kept.shift();
  }

  best(): ClockEstimate | undefined {
    return this.#kept.toSorted((a, b) => a.rttMs - b.rttMs)[0];
  }
}
