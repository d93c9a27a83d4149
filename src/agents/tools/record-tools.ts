/** Tools that read the record: missions, their events, what they changed, why a line is as it is. */
import { z } from 'zod';
import { defineTool, type Tool } from './tool.ts';

const mission = z.string().min(4).max(80).describe('the id of a mission, or how it begins');
const at = z
  .string()
  .min(1)
  .max(200)
  .describe('a moment: an event id, a time, "task 3", "approved", "start", "end"');

const missions = defineTool({
  name: 'missions',
  summary: 'what was asked for, and what became of it: id, status, goal',
  forPeople: true,
  input: z.strictObject({}),
  run: (_, host) => host.missions(),
});

const log = defineTool({
  name: 'log',
  summary: 'the record of a mission: its events in order, as they were signed',
  forPeople: true,
  input: z.strictObject({ mission }),
  run: async (input, host) => {
    const events = await host.events(await host.mission(input.mission));
    return events.map((line) => JSON.parse(line) as unknown);
  },
});

const diff = defineTool({
  name: 'diff',
  summary: 'what a mission changes, or had changed at a moment, as a unified diff',
  forPeople: true,
  input: z.strictObject({ mission, at: at.exactOptional() }),
  run: async (input, host) => {
    const { id, space } = await host.mission(input.mission);
    const { diff: text } = (await (input.at === undefined
      ? host.execute('mission.diff', { mission: id }, space)
      : host.execute('mission.diff-at', { mission: id, at: input.at }, space))) as {
      readonly diff: string;
    };
    return text;
  },
});

const why = defineTool({
  name: 'why',
  summary: 'why a line of a file is as it is: its edit, the decision, the proof, the price',
  forPeople: true,
  input: z.strictObject({
    path: z.string().min(1).max(4_096),
    line: z.int().min(1),
    all: z.boolean().exactOptional(),
  }),
  run: ({ path: file, line, all = false }, host) =>
    // As it was committed: on the disk there may be links.
    host.execute('line.why', { folder: host.repository(), file, line, at: 'HEAD', all }),
});

/** The tools that read the record. */
export const recordTools: readonly Tool[] = [missions, log, diff, why];
