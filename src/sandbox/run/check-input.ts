/** Checks what a request gives to a program, before anything is started for it: the same in every tier. */
import { SkeinError } from '#protocol/errors.ts';
import { pathProblem } from '#sandbox/files/file-path.ts';
import type { Limits } from '#sandbox/limits.ts';
import type { SandboxRequest } from '#sandbox/sandbox.ts';

/**
 * Files, input and environment, held against the limits of what goes in. Throws `path-refused` for a
 * path that can't be given, `limit-reached` for too much, `usage` for a variable that can't be set.
 */
export function checkInput(request: SandboxRequest, limits: Limits): void {
  const { program, files = [], stdin, environment = {} } = request;
  let total = stdin?.length ?? 0;
  if (program.type === 'code') total += program.source.length;
  for (const { path, content } of files) {
    const problem = pathProblem(path);
    if (problem !== null) {
      throw new SkeinError('path-refused', `Cannot give ${JSON.stringify(path)}: ${problem}`);
    }
    if (content.length > limits.fileBytes) throw tooMuch('fileBytes', `${path} is too large`);
    total += content.length;
  }
  if (files.length > limits.inFiles) throw tooMuch('inFiles', `${files.length} files are too many`);
  if (total > limits.inBytes) throw tooMuch('inBytes', `${total} bytes are too much`);
  for (const [name, value] of Object.entries(environment)) {
    if (/^[^=\0]+$/.test(name) && !value.includes('\0')) continue;
    throw new SkeinError('usage', `Cannot set the variable ${JSON.stringify(name)}: no such name`);
  }
}

const tooMuch = (limit: keyof Limits, state: string): SkeinError =>
  new SkeinError('limit-reached', `Cannot run the program: ${state} (limit ${limit})`, {
    fix: `Give it less, or ask for a higher limit ${limit}.`,
    details: { limit },
  });
