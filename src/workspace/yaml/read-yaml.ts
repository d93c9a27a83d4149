/**
 * Reads a YAML file that somebody else wrote as plain data: small, UTF-8, YAML 1.2, no tags, few
 * aliases. It knows on which line each value stands, so that every mistake can be named with it.
 */
import { isUtf8 } from 'node:buffer';
import {
  isMap,
  isNode,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type ParsedNode,
} from 'yaml';
import type { z } from 'zod';
import type { SkeinError } from '#protocol/errors.ts';

const MAX_BYTES = 64 * 1024;
const MAX_ALIASES = 20;
const QUOTES =
  'A text with ": " or " #" in it, or that begins with { [ * & ! | > % @ `, needs quotes.';

/** Where a value is: keys of maps and indexes of lists, from the top. */
export type YamlPath = readonly PropertyKey[];

/** Makes the error for a mistake: its line, what is wrong, what to do. */
export type Complain = (line: number, state: string, fix?: string) => SkeinError;

/** A file as data, and the line (from 1) of each of its values; of one that is missing, its map's. */
export interface YamlFile {
  readonly value: unknown;
  readonly lineOf: (path: YamlPath) => number;
  /** Whether there is a value at `path`. */
  readonly has: (path: YamlPath) => boolean;
}

/** Parses `bytes`; throws what `complain` makes. */
export function readYaml(bytes: Uint8Array, complain: Complain): YamlFile {
  if (bytes.byteLength > MAX_BYTES) throw complain(1, `it is larger than ${MAX_BYTES} bytes`);
  if (!isUtf8(bytes)) throw complain(1, 'it is not UTF-8');
  const lines = new LineCounter();
  const text = Buffer.from(bytes)
    .toString('utf8')
    .replace(/^\ufeff/u, '');
  const document = parseDocument(text, { lineCounter: lines, schema: 'core', version: '1.2' });
  // an unknown tag is only a warning of the parser, but such a value is not plain data
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined) {
    throw complain(lines.linePos(problem.pos[0]).line, firstLine(problem.message), QUOTES);
  }
  return {
    value: toData(document, lines, complain),
    lineOf: (path) => lineOf(document, lines, path),
    has: (path) => document.hasIn(path),
  };
}

function toData(document: Document.Parsed, lines: LineCounter, complain: Complain): unknown {
  let aliases = 0;
  visit(document, {
    Alias: (_, alias) => {
      aliases += 1;
      if (alias.resolve(document) !== undefined) return;
      const { line } = lines.linePos(alias.range?.[0] ?? 0);
      throw complain(line, `there is nothing for the alias *${alias.source}`);
    },
  });
  if (aliases > MAX_ALIASES) throw complain(1, `it has more than ${MAX_ALIASES} aliases`);
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch {
    throw complain(1, 'its aliases make it too large');
  }
}

/** The line of the value at `path`, or of its key when it is a pair of a map. */
function lineOf(document: Document.Parsed, lines: LineCounter, path: YamlPath): number {
  const parent = path.length < 2 ? document.contents : document.getIn(path.slice(0, -1), true);
  const key = isMap(parent)
    ? parent.items.map((pair) => pair.key).find((each) => String(each) === String(path.at(-1)))
    : undefined;
  const node: unknown = key ?? (path.length === 0 ? document.contents : document.getIn(path, true));
  if (isNode(node)) return lines.linePos((node as ParsedNode).range[0]).line;
  return path.length === 0 ? 1 : lineOf(document, lines, path.slice(0, -1));
}

const firstLine = (message: string): string =>
  message.split('\n')[0]?.replace(/ at line .*$/u, '') ?? '';

/** A form that files must have. `knownKeys` are those below a place, where `*` is any index. */
export interface YamlForm<T> {
  readonly schema: z.ZodType<T>;
  /** The newest format that is read. */
  readonly format: number;
  readonly knownKeys: Readonly<Record<string, string>>;
}

/** The data of a file in the form it must have; throws what `complain` makes. */
export function readForm<T>(file: YamlFile, form: YamlForm<T>, complain: Complain): T {
  assertFormat(file, form.format, complain);
  const result = form.schema.safeParse(file.value);
  if (result.success) return result.data;
  const { issues } = result.error;
  // What is missing is often there under a mistyped name: that is told first.
  const mistyped = issues.find(({ code }) => code === 'unrecognized_keys');
  throw explain(file, form.knownKeys, mistyped ?? issues[0], complain);
}

function assertFormat({ value, lineOf: line }: YamlFile, newest: number, complain: Complain): void {
  const format = typeof value === 'object' && value !== null && 'format' in value && value.format;
  if (typeof format !== 'number' || format <= newest) return;
  const state = `its format is ${format}, and this version reads up to ${newest}`;
  throw complain(line(['format']), state, 'Use a newer version of Skein.');
}

function explain(
  file: YamlFile,
  knownKeys: Readonly<Record<string, string>>,
  issue: z.core.$ZodIssue | undefined,
  complain: Complain,
): SkeinError {
  const path = issue?.path ?? [];
  const line = file.lineOf(path);
  if (issue?.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    const form = path.map((each) => (typeof each === 'number' ? '*' : each)).join('.');
    const state = `the key ${[...path, key].join('.')} is not known`;
    const known = knownKeys[form];
    const fix = known === undefined ? undefined : `Known: ${known}.`;
    return complain(file.lineOf([...path, key]), state, fix);
  }
  const place = path.length === 0 ? 'it' : path.join('.');
  if (path.length > 0 && !file.has(path)) return complain(line, `${place} is missing`);
  const isMistaken = issue?.code === 'invalid_type' && issue.expected === 'string';
  const fix = isMistaken ? QUOTES : undefined;
  return complain(line, `${place}: ${issue?.message ?? 'is not valid'}`, fix);
}
