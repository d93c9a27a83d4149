/** Colours for a terminal; plain text elsewhere. Honours NO_COLOR and FORCE_COLOR. */

type Paint = (text: string) => string;

/** The colours in use; each function answers its text, painted or not. */
export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
}

const asItIs: Paint = (text) => text;

/** No colours: for text that is measured, or read by programs. */
export const PLAIN: Style = {
  bold: asItIs,
  dim: asItIs,
  red: asItIs,
  green: asItIs,
  yellow: asItIs,
  cyan: asItIs,
};

const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

/** The colours for a stream (see no-color.org: any non-empty NO_COLOR switches them off). */
export function style(stream: { readonly isTTY?: boolean }): Style {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  const forced = FORCE_COLOR !== undefined && FORCE_COLOR !== '' && FORCE_COLOR !== '0';
  const wanted = forced || (stream.isTTY === true && TERM !== 'dumb');
  const painted = wanted && (NO_COLOR ?? '') === '';
  const paint =
    ([open, close]: readonly [number, number]): Paint =>
    (text) =>
      painted ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return {
    bold: paint(CODES.bold),
    dim: paint(CODES.dim),
    red: paint(CODES.red),
    green: paint(CODES.green),
    yellow: paint(CODES.yellow),
    cyan: paint(CODES.cyan),
  };
}

/** A status in its colour: green when done, red when failed, yellow else. */
export function paintStatus(status: string, text: string, { green, red, yellow }: Style): string {
  if (status === 'done') return green(text);
  return status === 'failed' ? red(text) : yellow(text);
}
