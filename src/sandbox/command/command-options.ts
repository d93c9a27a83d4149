/** What the tier of commands is made of. */
import type { JailBackend } from '#sandbox/jail/jail.ts';

/** What commands need. */
export interface CommandsOptions {
  readonly jail: JailBackend;
  readonly tier: 'T2' | 'T3';
  /** Where the folders of runs are made. */
  readonly folder: string;
  /** The search path whose tools a command finds. */
  readonly searchPath: string;
  /** Folders of which no command may see anything. */
  readonly forbidden: readonly string[];
  /** The value of a secret, undefined when there is none. */
  readonly readSecret?: (name: string) => Promise<string | undefined>;
}
