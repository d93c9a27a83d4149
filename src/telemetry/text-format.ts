/** Metrics as text: the Prometheus text format 0.0.4, and OpenMetrics 1.0.0 for who asks for it. */
import type { MetricRow } from './metric-names.ts';

/** A format of the answer. */
export type TextFormat = 'prometheus' | 'openmetrics';

/** One line: the metric's name with `suffix`, pairs of label and value, a finite number. */
export interface Sample {
  readonly suffix: '' | '_bucket' | '_sum' | '_count';
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly value: number;
}

/** A metric with all of its lines. */
export interface Family extends Pick<MetricRow, 'type' | 'help'> {
  readonly name: string;
  readonly samples: readonly Sample[];
}

/** The content type of an answer in that format. */
export const CONTENT_TYPES: Readonly<Record<TextFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** What an Accept header asks for: OpenMetrics when it is named and plain text not preferred. */
export function chooseFormat(accept: string): TextFormat {
  const offers = accept.split(',').map(readOffer);
  const best = (type: string): number =>
    Math.max(0, ...offers.filter((each) => each.type === type).map(({ weight }) => weight));
  const open = best('application/openmetrics-text');
  return open > 0 && open >= best('text/plain') ? 'openmetrics' : 'prometheus';
}

function readOffer(offer: string): { readonly type: string; readonly weight: number } {
  const [type = '', ...parameters] = offer.split(';').map((part) => part.trim().toLowerCase());
  const named = new Map(parameters.map((each) => each.split('=', 2) as [string, string]));
  // A version of OpenMetrics that this is not is no offer.
  const isOurs =
    type !== 'application/openmetrics-text' || (named.get('version') ?? '1.0.0') === '1.0.0';
  const weight = Number(named.get('q') ?? 1);
  return { type, weight: isOurs && weight > 0 ? weight : 0 };
}

/** The page that a scrape gets. */
export function renderMetrics(families: readonly Family[], format: TextFormat): string {
  const isOpen = format === 'openmetrics';
  const lines = families.flatMap(({ name, type, help, samples }) => {
    // OpenMetrics names a counter without the suffix that its samples have.
    const family = isOpen && type === 'counter' ? name.replace(/_total$/, '') : name;
    return [
      `# HELP ${family} ${isOpen ? escapeQuoted(help) : escapeHelp(help)}`,
      `# TYPE ${family} ${type}`,
      ...samples.map((sample) => line(name, sample)),
    ];
  });
  if (isOpen) lines.push('# EOF');
  return `${lines.join('\n')}\n`;
}

function line(name: string, { suffix, labels, value }: Sample): string {
  const pairs = labels.map(([label, text]) => `${label}="${escapeQuoted(text)}"`).join(',');
  return `${name}${suffix}${pairs === '' ? '' : `{${pairs}}`} ${value}`;
}

const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

/** The value of a label; in OpenMetrics a help text as well. */
const escapeQuoted = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');
