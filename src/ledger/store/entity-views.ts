/** Views that deciders asked for, kept current as commands succeed; made anew when in doubt. */
import type { Entity } from '#protocol/entity.ts';
import type { EntityView } from '#ledger/decider.ts';

/** All views of one writer, by their definition. */
export class EntityViews {
  readonly #made = new Map<EntityView<unknown>, unknown>();

  /** The view; `all` lists the entities of its kind and is only called for the first reading. */
  read<V>(view: EntityView<V>, all: () => readonly Entity[]): V {
    const known = this.#made.get(view as EntityView<unknown>);
    if (known !== undefined) return known as V;
    const made = view.start();
    for (const entity of all()) view.add(made, entity);
    this.#made.set(view as EntityView<unknown>, made);
    return made;
  }

  /** `entity` is as it stands now. */
  update(entity: Entity): void {
    for (const [view, made] of this.#made) if (view.kind === entity.kind) view.add(made, entity);
  }

  clear(): void {
    this.#made.clear();
  }
}
