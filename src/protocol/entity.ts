/** An entity: the present state of one thing, folded from its events by a pure reducer. */
import type { EntityKind } from './event-type.ts';

/**
 * A row of state. `version` counts the events folded into it; `home` is the key of its arbiter;
 * `body` is plain JSON data.
 */
export interface Entity<B = unknown> {
  readonly kind: EntityKind;
  readonly id: string;
  readonly version: number;
  readonly home: string;
  readonly body: B;
}
