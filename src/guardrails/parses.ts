/** Refuses an edit after which a file no longer parses, or declares a name twice. */
import { readEditFile } from '#workspace/file-edit.ts';
import { isCodePath, parseSource } from '#workspace/language/syntax/parse-source.ts';
import { accept, refuse, type Guardrail } from './guardrail.ts';

const MAX_PLACES = 10;

/** Safety: syntax is judged at once; only errors that the file did not have before count. */
export const parsesGuardrail: Guardrail = {
  name: 'parses',
  judge: async ({ path, after }, root) => {
    if (!isCodePath(path)) return accept;
    const errors = syntaxErrors(path, after);
    if (errors.length === 0) return accept;
    const before = await readEditFile(root, path);
    if (before !== null && syntaxErrors(path, before).length >= errors.length) return accept;
    const [first = ''] = errors;
    return refuse('parses', `the file would not parse: ${first}`, errors.slice(0, MAX_PLACES));
  },
};

function syntaxErrors(path: string, bytes: Buffer): string[] {
  const text = bytes.toString('utf8');
  return parseSource(path, text, true).errors.map(({ message, labels }) => {
    const offset = labels[0]?.start ?? 0;
    return `${path}:${text.slice(0, offset).split('\n').length} ${message}`;
  });
}
