/** The event of one type, out of all known ones. */
import type { SkeinEvent } from '#protocol/event-types.ts';

/** `SkeinEvent` narrowed to a type. */
export type EventOfType<T extends SkeinEvent['type']> = Extract<SkeinEvent, { readonly type: T }>;
