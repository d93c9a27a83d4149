/** Tools that talk: in the name of who asks, and of nobody else. */
import { z } from 'zod';
import { defineTool, type Tool } from './tool.ts';

const send = defineTool({
  name: 'send',
  summary: 'sends a message to an agent, to one of skill:<name>, or to all of topic:<name>',
  forPeople: false,
  input: z.strictObject({
    to: z.string().min(1).max(300),
    text: z.string().min(1).max(64_000),
    about: z.array(z.string().max(300)).max(20).exactOptional(),
  }),
  run: (input, host) => host.execute('message.send', input),
});

const inbox = defineTool({
  name: 'inbox',
  summary: 'what waits in your inbox; looking at it changes nothing',
  forPeople: false,
  input: z.strictObject({}),
  run: (_, host) => host.execute('inbox.peek', {}),
});

/** The tools that talk. */
export const messageTools: readonly Tool[] = [send, inbox];
