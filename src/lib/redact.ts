/**
 * The redactor: what enters the record as text passes it. Values of secret variables and strings
 * that have the form of a well-known token become `[secret:<name>]`.
 */

/** A text without its secrets, and how many were taken out. */
export interface Redacted {
  readonly text: string;
  readonly count: number;
}

/** Takes secrets out of texts. */
export type Redactor = (text: string) => Redacted;

/** Forms of tokens as their issuers publish them; matched wherever they stand. */
const PATTERNS: Readonly<Record<string, RegExp>> = {
  'private-key': /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/gu,
  'github-token': /\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})/gu,
  'gitlab-token': /\bglpat-[A-Za-z0-9_-]{20,}/gu,
  'npm-token': /\bnpm_[A-Za-z0-9]{36}\b/gu,
  'aws-key': /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/gu,
  'google-key': /\bAIza[A-Za-z0-9_-]{35}/gu,
  'slack-token': /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/gu,
  'model-key': /\bsk-(?:ant-|proj-|or-)?[A-Za-z0-9_-]{20,}/gu,
  'json-web-token': /\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/gu,
  'url-password': /(?<=\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]{1,100}:)[^\s/:@]{3,200}(?=@)/gu,
};

/** Most texts hold none of these beginnings: one look instead of ten. */
const HINT = /PRIVATE KEY|gh[pousr]_|github_pat_|glpat-|npm_|AKIA|ASIA|AIza|xox|sk-|eyJ|:\/\//u;

/** Variables whose name says that their value is a secret. */
const SECRET_NAME =
  /TOKEN|SECRET|PASSW(?:OR)?D|PASSPHRASE|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|CREDENTIAL/u;

/** Shorter values would take ordinary words out of every text. */
const MIN_SECRET_LENGTH = 8;

/** The secrets of an environment, by variable name. */
export function secretsOf(env: Readonly<Record<string, string | undefined>>): Map<string, string> {
  const secrets = new Map<string, string>();
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || value.length < MIN_SECRET_LENGTH) continue;
    if (SECRET_NAME.test(name.toUpperCase())) secrets.set(name, value);
  }
  return secrets;
}

/** A redactor for the given secrets (name -> value) and all known forms of tokens. */
export function makeRedactor(secrets: ReadonlyMap<string, string>): Redactor {
  // Longest first: a secret that holds another one must not be cut in two.
  const values = [...secrets].sort(([, a], [, b]) => b.length - a.length);
  return (given) => {
    let text = given;
    let count = 0;
    for (const [name, value] of values) {
      const parts = text.split(value);
      count += parts.length - 1;
      text = parts.join(`[secret:${name}]`);
    }
    if (!HINT.test(text)) return { text, count };
    for (const [name, pattern] of Object.entries(PATTERNS)) {
      text = text.replaceAll(pattern, () => {
        count += 1;
        return `[secret:${name}]`;
      });
    }
    return { text, count };
  };
}

/** Keys whose values are names that must stay exact, or nothing could be found again. */
const EXACT_KEYS = new Set(['path', 'paths', 'writeSet', 'subject', 'effect', 'ref', 'folders']);

/** `value` with every string in it redacted, but for names of things; the rest is kept as it is. */
export function redactDeep<T>(
  value: T,
  redact: Redactor,
): { readonly value: T; readonly count: number } {
  let count = 0;
  const walk = (item: unknown): unknown => {
    if (typeof item === 'string') {
      const cleaned = redact(item);
      count += cleaned.count;
      return cleaned.text;
    }
    if (Array.isArray(item)) return item.map(walk);
    if (typeof item !== 'object' || item === null) return item;
    const entries = Object.entries(item).map(([key, inner]) => [
      key,
      EXACT_KEYS.has(key) ? inner : walk(inner),
    ]);
    return Object.fromEntries(entries);
  };
  return { value: walk(value) as T, count };
}
