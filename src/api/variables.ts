/** The types of what the API keeps beside a request. */
import type { Speaker } from '#protocol/command.ts';

/** What a request carries once its token was recognised. */
export interface Variables {
  readonly Variables: { speaker: Speaker };
}
