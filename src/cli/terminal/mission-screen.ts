/** Where the story of a followed mission goes: plain lines, or a terminal with a live block below. */
import type { EventEnvelope } from '#protocol/event.ts';
import { liveLines } from './live-lines.ts';
import { emptyModel, foldLive } from './live-model.ts';
import { LiveView } from './live-view.ts';
import { isDetail, tell } from './story.ts';
import { style } from './style.ts';

/** How it is shown; `plain` = no live block even on a terminal. */
export interface ScreenOptions {
  readonly json: boolean;
  readonly plain: boolean;
  readonly verbose: boolean;
}

/** A screen; `close` gives the terminal back. */
export interface MissionScreen {
  /** One more event of the mission. */
  readonly event: (event: EventEnvelope) => void;
  /** Lines that are no event. */
  readonly say: (text: string) => void;
  /** Gives the terminal to `ask` for a while. */
  readonly aside: <T>(ask: () => Promise<T>) => Promise<T>;
  readonly close: () => void;
}

/** The screen for stderr as it is: live on a terminal that can, else lines; with --json no story. */
export function openScreen({ json, plain, verbose }: ScreenOptions): MissionScreen {
  const isLive = !json && !plain && process.stderr.isTTY && process.env['TERM'] !== 'dumb';
  const tellIt = (event: EventEnvelope): string | undefined => {
    if (json || (!verbose && isDetail(event))) return undefined;
    const painted = style(process.stderr);
    return `${painted.dim(event.time.slice(11, 19))} ${tell(event, painted)}`;
  };
  return isLive ? liveScreen(tellIt) : plainScreen(tellIt);
}

type TellEvent = (event: EventEnvelope) => string | undefined;

function plainScreen(tellIt: TellEvent): MissionScreen {
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  return {
    event: (event) => {
      const line = tellIt(event);
      if (line !== undefined) say(line);
    },
    say,
    aside: (ask) => ask(),
    close: () => undefined,
  };
}

function liveScreen(tellIt: TellEvent): MissionScreen {
  const painted = style(process.stderr);
  let model = emptyModel;
  const view = new LiveView({
    stream: process.stderr,
    lines: (size) => liveLines(model, { ...size, nowMs: Date.now() }, painted),
  });
  return {
    event: (event) => {
      model = foldLive(model, event);
      const line = tellIt(event);
      if (line === undefined) view.change();
      else view.say(line);
    },
    say: (text) => view.say(text),
    aside: async (ask) => {
      view.hide();
      try {
        return await ask();
      } finally {
        view.show();
      }
    },
    close: () => view.close(),
  };
}
