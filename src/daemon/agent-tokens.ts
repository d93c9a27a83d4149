/**
 * Tokens of agents that are no part of the node: each is a file of the home, and says who a request
 * comes from. Whoever may read the file may speak for the agent.
 */
import { createHash } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isToken, openPersonToken } from '#identity/person-token.ts';
import { readSecretFile } from '#identity/secret-file.ts';
import { makeFolder } from '#ledger/store/durable-file.ts';
import { assertToken } from '#protocol/subjects.ts';

const SUFFIX = '.token';

// Looked up by its hash: how long that takes tells nothing about the token.
const digestOf = (token: string): string => createHash('sha256').update(token).digest('hex');

/** The tokens of one home. */
export class AgentTokens {
  readonly #folder: string;
  readonly #names = new Map<string, string>();

  constructor(folder: string) {
    this.#folder = folder;
    makeFolder(folder);
    for (const file of readdirSync(folder)) {
      if (file.endsWith(SUFFIX)) this.#learn(file.slice(0, -SUFFIX.length));
    }
  }

  /** The name of the agent whose token it is; a token whose file is gone is nobody's. */
  nameOf(token: string): string | undefined {
    const name = this.#names.get(digestOf(token));
    if (name === undefined) return undefined;
    const kept = this.#read(name);
    return kept !== undefined && isToken(token, kept) ? name : undefined;
  }

  /** Makes the agent's token, or leaves it as it is; answers its file. */
  make(name: string): string {
    assertToken(name, 'agent');
    const path = this.#path(name);
    this.#names.set(digestOf(openPersonToken(path)), name);
    return path;
  }

  /** From now on the token opens nothing. */
  remove(name: string): void {
    assertToken(name, 'agent');
    rmSync(this.#path(name), { force: true });
  }

  /** One that others may read, or that is no token, counts for nothing until it is mended. */
  #learn(name: string): void {
    const token = this.#read(name);
    if (token !== undefined && token !== '') this.#names.set(digestOf(token), name);
  }

  #read(name: string): string | undefined {
    try {
      return readSecretFile(this.#path(name))?.trim();
    } catch {
      return undefined;
    }
  }

  #path(name: string): string {
    return join(this.#folder, `${name}${SUFFIX}`);
  }
}
