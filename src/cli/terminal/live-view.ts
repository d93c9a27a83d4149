/**
 * A block of lines at the end of the terminal's output that is drawn again in place, with a story
 * that scrolls above it. Between two frames the cursor rests, visible, in an empty row above the
 * block: wherever a resize moves that row, the next frame begins there; what a person types stands
 * there until then; and Enter leaves an empty row, as it does anywhere.
 */
import type { WriteStream } from 'node:tty';

/** What a view is made of; `lines` answers the block for the size that the terminal has now. */
export interface LiveViewOptions {
  readonly stream: WriteStream;
  readonly lines: (size: { readonly columns: number; readonly rows: number }) => readonly string[];
}

/** At most so many frames a second, and one a second for the clock. */
const FRAME_MS = 100;
const CLOCK_MS = 1000;
/** More lines than this are written at once: nothing piles up. */
const MOST_WAITING = 200;

/**
 * This row, then all below it: cleared from its first row on, a screen that begins with the block would
 * go into the history of tmux, block and all.
 */
const CLEAR_BELOW = '\u001b[K\u001b7\u001b[B\u001b[J\u001b8';
/** A terminal that knows it shows the frame as a whole; the others see one write. */
const [BEGIN, END] = ['\u001b[?2026h\u001b[?25l', '\u001b[?25h\u001b[?2026l'];
/** While the block is drawn a line that is too long after all ends at the edge. */
const [NO_WRAP, WRAP] = ['\u001b[?7l', '\u001b[?7h'];
const up = (rows: number): string => (rows > 0 ? `\u001b[${rows}A` : '');

/** One view; close it, or the terminal keeps the block. A process that ends clears it. */
export class LiveView {
  readonly #options: LiveViewOptions;
  #waiting: string[] = [];
  #drawn: readonly string[] = [];
  #isShown = true;
  #isChanged = true;
  #isResized = false;
  #frame: NodeJS.Timeout | undefined;
  readonly #clock: NodeJS.Timeout;

  constructor(options: LiveViewOptions) {
    this.#options = options;
    this.#clock = setInterval(() => this.change(), CLOCK_MS);
    options.stream.on('resize', this.#onResize);
    process.on('exit', this.#onExit);
    process.on('SIGTSTP', this.#onStop);
    process.on('SIGCONT', this.#onContinue);
    process.once('SIGTERM', this.#onEnd);
    process.once('SIGHUP', this.#onEnd);
    this.change();
  }

  /** A line of the story; it scrolls above the block and stays. */
  say(text: string): void {
    this.#waiting.push(text);
    if (this.#waiting.length >= MOST_WAITING) this.#draw();
    this.change();
  }

  /** The block may look otherwise now; drawn soon, if it does. */
  change(): void {
    this.#isChanged = true;
    // After the poll phase: a resize that has happened is known before the frame is drawn.
    this.#frame ??= setTimeout(() => setImmediate(() => this.#draw()), FRAME_MS);
  }

  /** Takes the block away, for a question; what is said meanwhile is written as it comes. */
  hide(): void {
    this.#clear();
    this.#isShown = false;
    this.#draw();
  }

  /** Shows the block again, below what was written meanwhile. */
  show(): void {
    this.#isShown = true;
    this.change();
  }

  /** Writes what is left of the story and leaves nothing else behind. */
  close(): void {
    this.hide();
    clearInterval(this.#clock);
    clearTimeout(this.#frame);
    this.#options.stream.off('resize', this.#onResize);
    process.off('exit', this.#onExit);
    process.off('SIGTSTP', this.#onStop);
    process.off('SIGCONT', this.#onContinue);
    process.off('SIGTERM', this.#onEnd);
    process.off('SIGHUP', this.#onEnd);
  }

  /** One frame in one write, if anything is other than before. */
  #draw(): void {
    clearTimeout(this.#frame);
    this.#frame = undefined;
    const { stream } = this.#options;
    const { columns, rows } = stream;
    const story = this.#waiting.map((line) => `${line}\n`).join('');
    this.#waiting = [];
    if (!this.#isShown) {
      if (story !== '') stream.write(story);
      return;
    }
    if (!this.#isChanged && story === '') return;
    this.#isChanged = false;
    const lines = this.#options.lines({ columns, rows });
    const block = lines.length === 0 ? [] : ['', ...lines];
    if (story === '' && !this.#isResized && sameLines(block, this.#drawn)) return;
    const drawn = `${NO_WRAP}${block.join('\n')}${WRAP}${up(block.length - 1)}\r`;
    stream.write(`${BEGIN}\r${CLEAR_BELOW}${story}${drawn}${END}`);
    this.#drawn = block;
    this.#isResized = false;
  }

  #clear(): void {
    if (this.#drawn.length === 0) return;
    this.#options.stream.write(`\r${CLEAR_BELOW}`);
    this.#drawn = [];
    this.#isResized = false;
  }

  readonly #onExit = (): void => this.hide();

  readonly #onResize = (): void => {
    this.#isResized = true;
    this.change();
  };

  /** Ctrl-Z: the shell gets a clean terminal. */
  readonly #onStop = (): void => {
    this.#clear();
    process.kill(process.pid, 'SIGSTOP');
  };

  readonly #onContinue = (): void => this.change();

  /** Somebody ends this process: as if nobody had listened, but with a clean terminal. */
  readonly #onEnd = (signal: NodeJS.Signals): void => {
    this.close();
    process.kill(process.pid, signal);
  };
}

const sameLines = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((line, index) => line === other[index]);
