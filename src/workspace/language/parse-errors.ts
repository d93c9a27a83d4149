/** Syntax errors of a file by a real parser of its kind: the guardrail "still parses". */
import { LineCounter, parseDocument } from 'yaml';
import type { ParseError } from './language.ts';
import { stripComments } from './project-configs.ts';
import { isCodePath, parseSource } from './syntax/parse-source.ts';
import { indexLines } from './syntax/words.ts';

const MAX_ERRORS = 20;
/** JSON files that tools read with comments. */
const COMMENTED_JSON =
  /(?:^|\/)(?:[tj]sconfig[^/]*|\.[^/]*rc|devcontainer|settings|launch)\.json$|\.jsonc$/;

/** The first 20 syntax errors; empty for valid files and for kinds that no parser here reads. */
export function parseErrors(path: string, text: string): readonly ParseError[] {
  const plain = text.replace(/^\uFEFF/, '');
  if (isCodePath(path)) return codeErrors(path, plain);
  if (/\.jsonc?$/.test(path))
    return jsonErrors(COMMENTED_JSON.test(path) ? stripComments(plain) : plain);
  if (/\.ya?ml$/.test(path)) return yamlErrors(plain);
  return [];
}

function codeErrors(path: string, text: string): readonly ParseError[] {
  const { errors } = parseSource(path, text);
  const lines = indexLines(text);
  return errors.slice(0, MAX_ERRORS).map((error) => {
    const at = lines.positionAt(error.labels[0]?.start ?? 0);
    return { line: at.line + 1, column: at.character + 1, message: error.message };
  });
}

function jsonErrors(text: string): readonly ParseError[] {
  try {
    JSON.parse(text);
    return [];
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // JSON.parse names no place in short texts; as an expression JSON has the same first error.
    const [found] = parseSource('value.cjs', `(${text}\n)`).errors;
    const at = indexLines(text).positionAt(Math.max(0, (found?.labels[0]?.start ?? 1) - 1));
    return [{ line: at.line + 1, column: at.character + 1, message }];
  }
}

function yamlErrors(text: string): readonly ParseError[] {
  const counter = new LineCounter();
  const { errors } = parseDocument(text, { lineCounter: counter, logLevel: 'silent' });
  return errors.slice(0, MAX_ERRORS).map((error) => {
    const at = counter.linePos(error.pos[0]);
    return { line: at.line, column: at.col, message: error.message.split('\n')[0] ?? '' };
  });
}
