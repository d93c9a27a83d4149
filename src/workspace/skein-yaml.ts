/**
 * Reads `skein.yaml`: data only, from the base commit, so what counts is what was committed. A
 * mistake is refused with its line; so is a key that this version doesn't know, because ignoring
 * it could mean to skip a check that somebody relies on.
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
import { z } from 'zod';
import { SkeinError } from '#protocol/errors.ts';
import { runGit } from './git/run-git.ts';
import { readTrackedFile } from './git/tracked-files.ts';

/** The newest format of the file that this version reads. */
export const SKEIN_YAML_FORMAT = 1;
const FILE = 'skein.yaml';
const MAX_BYTES = 64 * 1024;
const MAX_ALIASES = 20;

const commandSchema = z.string().trim().min(1).max(4096).describe('A command line for sh -c');
const checkSchema = z.union(
  [
    commandSchema.transform((run) => ({ name: run, run })),
    z.strictObject({ name: z.string().trim().min(1).max(100), run: commandSchema }),
  ],
  { error: 'must be a command, or a map with name and run' },
);
const fileSchema = z.strictObject({
  format: z.literal(SKEIN_YAML_FORMAT).optional(),
  checks: z.array(checkSchema).max(50).optional(),
  workspace: z.strictObject({ setup: commandSchema.optional() }).optional(),
  limits: z
    .strictObject({
      minutes: z.int().min(1).max(1440).optional().describe('The longest a mission may work'),
      edits: z.int().min(1).max(2000).optional().describe('The most files a mission may change'),
    })
    .optional(),
});

/** The form of the file as JSON Schema (2020-12), for editors; published in docs/. */
export const skeinYamlSchema = (): object =>
  z.toJSONSchema(fileSchema, { io: 'input', target: 'draft-2020-12' });

/** What may stand below a key of the file. */
const KNOWN_KEYS: Readonly<Record<string, string>> = {
  workspace: 'setup',
  limits: 'minutes, edits',
};

/** What `skein.yaml` says; every key is optional. */
export interface SkeinYaml {
  /** What proves a mission, each run with `sh -c` at the top of the worktree. */
  readonly checks?: readonly { readonly name: string; readonly run: string }[];
  readonly workspace?: {
    /** Run with `sh -c` in a new worktree instead of linking the installed dependencies. */
    readonly setup?: string;
  };
  /** What a mission may use; the defaults are 30 minutes and 2,000 edits. */
  readonly limits?: { readonly minutes?: number; readonly edits?: number };
}

/**
 * The `skein.yaml` of `commit` in the repository at `top`; empty when it has none. Throws
 * `config-invalid` with the line.
 */
export async function readSkeinYaml(
  { top }: { readonly top: string },
  commit: string,
): Promise<SkeinYaml> {
  const bytes = await readTrackedFile(top, commit, FILE);
  if (bytes !== null) return parseSkeinYaml(bytes);
  const { stdout } = await runGit({ cwd: top, args: ['ls-tree', '--full-tree', commit, FILE] });
  if (stdout.length > 0) throw invalid(1, 'it is a symlink or a folder');
  return {};
}

/** Parses the content of a `skein.yaml`; throws `config-invalid` with the line. */
export function parseSkeinYaml(bytes: Uint8Array): SkeinYaml {
  if (bytes.byteLength > MAX_BYTES) throw invalid(1, `it is larger than ${MAX_BYTES} bytes`);
  if (!isUtf8(bytes)) throw invalid(1, 'it is not UTF-8');
  const lines = new LineCounter();
  const text = Buffer.from(bytes)
    .toString('utf8')
    .replace(/^\ufeff/u, '');
  const document = parseDocument(text, { lineCounter: lines, schema: 'core', version: '1.2' });
  // an unknown tag is only a warning of the parser, but such a value is not plain data
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined) {
    throw invalid(lines.linePos(problem.pos[0]).line, firstLine(problem.message));
  }
  const value = toData(document, lines);
  if (value === null) return {};
  assertFormat(document, lines, value);
  const result = fileSchema.safeParse(value);
  if (result.success) return assertUniqueNames(dropMissing(result.data), lines, document);
  throw explain(document, lines, result.error.issues[0]);
}

function toData(document: Document.Parsed, lines: LineCounter): unknown {
  let aliases = 0;
  visit(document, {
    Alias: (_, alias) => {
      aliases += 1;
      if (alias.resolve(document) !== undefined) return;
      const { line } = lines.linePos(alias.range?.[0] ?? 0);
      throw invalid(line, `there is nothing for the alias *${alias.source}`);
    },
  });
  if (aliases > MAX_ALIASES) throw invalid(1, `it has more than ${MAX_ALIASES} aliases`);
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch {
    throw invalid(1, 'its aliases make it too large');
  }
}

function assertFormat(document: Document.Parsed, lines: LineCounter, value: unknown): void {
  const format = typeof value === 'object' && value !== null && 'format' in value && value.format;
  if (typeof format !== 'number' || format <= SKEIN_YAML_FORMAT) return;
  const state = `its format is ${format}, and this version reads up to ${SKEIN_YAML_FORMAT}`;
  throw invalid(lineOf(document, lines, ['format']), state, 'Use a newer version of Skein.');
}

function assertUniqueNames(
  file: SkeinYaml,
  lines: LineCounter,
  document: Document.Parsed,
): SkeinYaml {
  const seen = new Set<string>();
  for (const [index, { name }] of (file.checks ?? []).entries()) {
    if (seen.has(name)) {
      throw invalid(lineOf(document, lines, ['checks', index]), `the check ${name} is there twice`);
    }
    seen.add(name);
  }
  return file;
}

function dropMissing(file: z.infer<typeof fileSchema>): SkeinYaml {
  const setup = file.workspace?.setup;
  const { minutes, edits } = file.limits ?? {};
  const limits = {
    ...(minutes === undefined ? {} : { minutes }),
    ...(edits === undefined ? {} : { edits }),
  };
  return {
    ...(file.checks === undefined ? {} : { checks: file.checks }),
    ...(setup === undefined ? {} : { workspace: { setup } }),
    ...(file.limits === undefined ? {} : { limits }),
  };
}

function explain(
  document: Document.Parsed,
  lines: LineCounter,
  issue: z.core.$ZodIssue | undefined,
): SkeinError {
  const path = issue?.path ?? [];
  if (issue?.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    const where = lineOf(document, lines, [...path, key]);
    const known = KNOWN_KEYS[String(path[0] ?? '')] ?? 'format, checks, workspace, limits';
    return invalid(where, `the key ${[...path, key].join('.')} is not known`, `Known: ${known}.`);
  }
  const place = path.length === 0 ? 'it' : path.join('.');
  return invalid(lineOf(document, lines, path), `${place}: ${issue?.message ?? 'is not valid'}`);
}

/** The line of the value at `path`, or of its key when it is a pair of a map. */
function lineOf(
  document: Document.Parsed,
  lines: LineCounter,
  path: readonly PropertyKey[],
): number {
  const parent = path.length < 2 ? document.contents : document.getIn(path.slice(0, -1), true);
  const key = isMap(parent)
    ? parent.items.map((pair) => pair.key).find((each) => String(each) === String(path.at(-1)))
    : undefined;
  const node: unknown = key ?? (path.length === 0 ? document.contents : document.getIn(path, true));
  const start = isNode(node) ? (node as ParsedNode).range[0] : 0;
  return lines.linePos(start).line;
}

const firstLine = (message: string): string =>
  message.split('\n')[0]?.replace(/ at line .*$/u, '') ?? '';

const invalid = (line: number, state: string, fix?: string): SkeinError =>
  new SkeinError('config-invalid', `Cannot read ${FILE}, line ${line}: ${state}`, {
    ...(fix === undefined ? {} : { fix }),
    details: { file: FILE, line },
  });
