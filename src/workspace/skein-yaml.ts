/**
 * Reads `skein.yaml`: data only, from the base commit, so what counts is what was committed. A
 * mistake is refused with its line; so is a key that this version doesn't know, because ignoring
 * it could mean to skip a check that somebody relies on.
 */
import { z } from 'zod';
import { SkeinError } from '#protocol/errors.ts';
import { gitId } from '#protocol/shape.ts';
import { findTrackedFile, readObject } from './git/tracked-files.ts';
import { readForm, readYaml, type YamlFile } from './yaml/read-yaml.ts';

/** The newest format of the file that this version reads. */
export const SKEIN_YAML_FORMAT = 1;
const FILE = 'skein.yaml';

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
  sandbox: z
    .strictObject({
      least: z
        .enum(['none', 'kernel'])
        .optional()
        .describe('kernel: refuse to run programs where no jail of the operating system holds'),
      network: z
        .array(z.string().trim().min(1).max(253))
        .max(50)
        .optional()
        .describe('Hosts that the set-up and the checks may reach: name, *.name, with :port'),
    })
    .optional(),
  recipes: z
    .array(z.string().trim().min(1).max(1000))
    .max(20)
    .optional()
    .describe('Files with recipes, by path or glob'),
});

/** The form of the file as JSON Schema (2020-12), for editors; published in docs/. */
export const skeinYamlSchema = (): object =>
  z.toJSONSchema(fileSchema, { io: 'input', target: 'draft-2020-12' });

const FORM = {
  schema: fileSchema,
  format: SKEIN_YAML_FORMAT,
  knownKeys: {
    '': 'format, checks, workspace, limits, sandbox, recipes',
    workspace: 'setup',
    limits: 'minutes, edits',
    sandbox: 'least, network',
  },
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
  /** What holds the programs of a mission; by default what this machine offers, without network. */
  readonly sandbox?: { readonly least?: 'none' | 'kernel'; readonly network?: readonly string[] };
  /** Files of the repository that hold recipes, as paths or globs. */
  readonly recipes?: readonly string[];
}

interface ReadYaml {
  readonly commit: string;
  readonly yaml: SkeinYaml;
}

/** What was read last, by the opened repository: a mission asks for one commit again and again. */
const lastRead = new WeakMap<object, ReadYaml>();

/**
 * The `skein.yaml` of `commit` in the repository at `top`; empty when it has none. Throws
 * `config-invalid` with the line.
 */
export async function readSkeinYaml(
  repository: { readonly top: string },
  commit: string,
): Promise<SkeinYaml> {
  const before = lastRead.get(repository);
  if (before?.commit === commit) return before.yaml;
  const yaml = await readFrom(repository.top, commit);
  // what a name such as HEAD stands for may change
  if (gitId.problem(commit, 'commit') === undefined) lastRead.set(repository, { commit, yaml });
  return yaml;
}

async function readFrom(top: string, commit: string): Promise<SkeinYaml> {
  const found = await findTrackedFile(top, commit, FILE);
  if (found === undefined) return {};
  if (found?.kind === 'file' || found?.kind === 'executable') {
    return parseSkeinYaml(await readObject(top, found));
  }
  throw invalid(1, 'it is a symlink or a folder');
}

/** Parses the content of a `skein.yaml`; throws `config-invalid` with the line. */
export function parseSkeinYaml(bytes: Uint8Array): SkeinYaml {
  const file = readYaml(bytes, invalid);
  if (file.value === null) return {};
  return assertUniqueNames(dropMissing(readForm(file, FORM, invalid)), file);
}

function assertUniqueNames(yaml: SkeinYaml, file: YamlFile): SkeinYaml {
  const seen = new Set<string>();
  for (const [index, { name }] of (yaml.checks ?? []).entries()) {
    if (seen.has(name)) {
      throw invalid(file.lineOf(['checks', index]), `the check ${name} is there twice`);
    }
    seen.add(name);
  }
  return yaml;
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
    ...(file.sandbox === undefined ? {} : { sandbox: sandboxOf(file.sandbox) }),
    ...(file.recipes === undefined ? {} : { recipes: file.recipes }),
  };
}

const sandboxOf = ({
  least,
  network,
}: NonNullable<z.infer<typeof fileSchema>['sandbox']>): NonNullable<SkeinYaml['sandbox']> => ({
  ...(least === undefined ? {} : { least }),
  ...(network === undefined ? {} : { network }),
});

const invalid = (line: number, state: string, fix?: string): SkeinError =>
  new SkeinError('config-invalid', `Cannot read ${FILE}, line ${line}: ${state}`, {
    ...(fix === undefined ? {} : { fix }),
    details: { file: FILE, line },
  });
