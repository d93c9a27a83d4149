/**
 * A second opinion on plans and tasks: every edit is in a plan that a person said yes to, or in one
 * that asks for no more than that; no task goes before those it comes after; what is called done is
 * kept by a ref and holds exactly what was planned.
 */
import assert from 'node:assert/strict';
import type { EventData } from '#protocol/event-types.ts';
import { planHash, type PlanContents } from '#supervisor/plan-contents.ts';
import type { Wish } from '../person.ts';
import { BASE, edited, treeId, type Tree } from '../world/world-state.ts';
import { dataOf, idOf, type Rule, type Seen } from './rule.ts';

type Plan = EventData<'plan.proposed'>;

interface Mission {
  /** The plan that counts, the one that is asked about, the last one that a person said yes to. */
  plan: string;
  asked: string;
  approved: string;
  readonly tasks: string[];
}

/** What missions may do now, as this opinion has it. */
export class PlanRules implements Rule {
  readonly #wishes: ReadonlyMap<string, Wish>;
  readonly #missions = new Map<string, Mission>();
  readonly #plans = new Map<string, Plan>();
  readonly #tasks = new Map<string, { status: string; readonly mission: string }>();

  constructor(wishes: readonly Wish[]) {
    this.#wishes = new Map(wishes.map((wish) => [wish.mission, wish]));
  }

  see(seen: Seen): void {
    const { event } = seen;
    const { mission = '' } = event;
    if (event.type === 'mission.submitted') {
      this.#missions.set(mission, { plan: '', asked: '', approved: '', tasks: [] });
    } else if (event.type === 'plan.proposed') {
      const { hash, ...plan } = dataOf<Plan>(event);
      assert.equal(planHash(plan), hash, 'the hash of a plan covers all of it');
      this.#plans.set(idOf(event), { ...plan, hash });
    } else if (event.type.startsWith('mission.')) this.#seeMission(seen, this.#mission(mission));
    else if (event.type.startsWith('task.')) this.#seeTask(seen, this.#mission(mission));
    else if (event.type === 'edit.intended') this.#edit(seen, this.#mission(mission));
  }

  #mission(id: string): Mission {
    const found = this.#missions.get(id);
    assert.ok(found !== undefined, `nobody submitted mission ${id}`);
    return found;
  }

  #plan(id: string): Plan {
    const found = this.#plans.get(id);
    assert.ok(found !== undefined, `plan ${id} was never proposed`);
    return found;
  }

  #seeMission({ event }: Seen, mission: Mission): void {
    if (event.type === 'mission.planned') mission.asked = dataOf<{ plan: string }>(event).plan;
    else if (event.type === 'mission.approved') {
      assert.equal(event.authority, 'human', 'only a person says yes');
      const { hash } = dataOf<{ hash: string }>(event);
      assert.equal(
        this.#plan(mission.asked).hash,
        hash,
        'a yes is to the plan that is asked about',
      );
      mission.plan = mission.asked;
      mission.approved = mission.asked;
      mission.asked = '';
    } else if (event.type === 'mission.replanned') {
      const { plan } = dataOf<{ plan: string }>(event);
      assertNoMore(this.#plan(mission.approved), this.#plan(plan));
      mission.plan = plan;
    } else if (event.type === 'mission.done') {
      const open = mission.tasks.filter(
        (task) => !/^(done|dropped)$/.test(this.#tasks.get(task)?.status ?? ''),
      );
      assert.deepEqual(open, [], 'a mission is done and some of its tasks are not');
    }
  }

  #seeTask(seen: Seen, mission: Mission): void {
    const { event } = seen;
    const id = idOf(event);
    const task = this.#tasks.get(id);
    if (event.type === 'task.created') {
      assert.equal(task, undefined, `task ${id} was made twice`);
      this.#tasks.set(id, { status: 'created', mission: event.mission ?? '' });
      mission.tasks.push(id);
      return;
    }
    assert.ok(task !== undefined, `nobody made task ${id}`);
    assert.notEqual(task.status, 'done', `task ${id} was done already`);
    if (event.type === 'task.claimed') this.#claim(id, mission);
    if (event.type === 'task.done') this.#finish(seen, id, mission);
    task.status = event.type.slice('task.'.length);
  }

  #claim(id: string, mission: Mission): void {
    assert.equal(mission.asked, '', `task ${id} was claimed while its plan waits for an answer`);
    const planned = this.#plan(mission.plan).tasks.find((task) => task.id === id);
    const open = (planned?.after ?? []).filter(
      (before) => this.#tasks.get(before)?.status !== 'done',
    );
    assert.deepEqual(open, [], `task ${id} was claimed before those it comes after`);
  }

  /** The work is in git, held by its ref, and is what was planned. */
  #finish({ event, world }: Seen, id: string, mission: Mission): void {
    assert.equal(this.#tasks.get(id)?.status, 'claimed', `task ${id} was not at work`);
    const planned = this.#plan(mission.plan).tasks.find((task) => task.id === id);
    // A task outside the plan finds out and writes nothing.
    if (planned === undefined) return;
    const { gitTree, ref = '' } = dataOf<EventData<'task.done'>>(event);
    assert.equal(world.refs[ref], gitTree, `task ${id} is done and no ref keeps its tree`);
    const tree = world.trees[gitTree];
    assert.ok(tree !== undefined, `the tree of task ${id} is not there`);
    const wish = this.#wishes.get(event.mission ?? '');
    if (wish === undefined || wish.lie !== null || isSloppy(wish)) return;
    const isWhole = planned.kind === 'review' || planned.kind === 'prove';
    const written = isWhole ? this.#pathsOf(mission.plan) : planned.writeSet;
    const wanted = expectedTree(world.commits[BASE]?.tree ?? {}, wish.author, written);
    assert.equal(gitTree, treeId(wanted), `task ${id} left another tree`);
    assert.equal(treeId(tree), gitTree, 'a tree is what its id says');
  }

  #pathsOf(plan: string): readonly string[] {
    return this.#plan(plan).tasks.flatMap(({ writeSet }) => writeSet);
  }

  #edit({ event, blob }: Seen, mission: Mission): void {
    const { lease, path, afterHash } = dataOf<EventData<'edit.intended'>>(event);
    assert.equal(mission.asked, '', `${path} was edited while its plan waits for an answer`);
    const plan = this.#plan(mission.plan);
    const task = plan.tasks.find(({ id }) => lease.startsWith(`${id}.`));
    assert.ok(task?.writeSet.includes(path), `${path} was edited and no plan says so`);
    const wish = this.#wishes.get(event.mission ?? '');
    // What a command will do is in no plan; the critic looks at it afterwards.
    if (wish?.lie?.how === 'extra' || path === wish?.commanded) return;
    const text = Buffer.from(blob(plan.contents.hash)).toString('utf8');
    const { edits } = JSON.parse(text) as PlanContents;
    const edit = edits.find((each) => each.path === path);
    assert.equal(edit?.afterHash, afterHash, `${path} was edited otherwise than the plan says`);
  }
}

/** Whether a command of the mission does more than it should: that is noticed at its end. */
export const isSloppy = ({ commanded, sloppy }: Wish): boolean => commanded !== null && sloppy;

/** Contents of `paths` after the author was there, the others as they were. */
export function expectedTree(base: Tree, author: string, paths: readonly string[]): Tree {
  const changes = paths.map((path) => [path, edited(base[path] ?? '', author)] as const);
  return { ...base, ...Object.fromEntries(changes) };
}

/** A plan that nobody is asked about again asks for no more than what a person said yes to. */
function assertNoMore(yes: Plan, now: Plan): void {
  const why = 'a plan asks for more and nobody was asked';
  const allowed = new Set(yes.tasks.flatMap(({ writeSet }) => writeSet));
  const more = now.tasks.flatMap(({ writeSet }) => writeSet).filter((path) => !allowed.has(path));
  assert.deepEqual(more, [], why);
  assert.ok(now.price.files <= yes.price.files && now.price.changes <= yes.price.changes, why);
  assert.ok(now.price.money <= yes.price.money, why);
  assert.deepEqual(now.checks, yes.checks, why);
}
