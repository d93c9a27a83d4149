/** What the host orders from the keeper of a jail, and what the keeper answers: one line of JSON each. */
import type { Grant } from '../access-rights.ts';

/** A path and what is allowed below it; what is not there is left out. */
export interface GrantedPath {
  readonly path: string;
  readonly rights: { readonly file: number; readonly folder: number };
  readonly grant: Grant;
}

/** The limits of each process (`setrlimit(2)`), by number. */
export type ProcessLimit = readonly [resource: number, value: number];

/** All that a keeper needs to know. Walls can be left out, so that tests see what each is good for. */
export interface KeeperOrder {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly environment: readonly string[];
  /** Attributes of the rules: files, network, scopes; null for no Landlock. */
  readonly handled: readonly [files: number, network: number, scopes: number] | null;
  readonly grants: readonly GrantedPath[];
  /** The filter in base64; null for none. */
  readonly filter: string | null;
  readonly processLimits: readonly ProcessLimit[];
  /** How many processes there may be besides those of the user that run already; null for no limit. */
  readonly processes: number | null;
  /** How what was started is found again: in its namespace, in its scope of signals, or not at all. */
  readonly sweep: 'namespace' | 'scope' | 'nothing';
  /** Everything but the folders to write is mounted read-only first; needs a mount namespace. */
  readonly ownMounts: {
    readonly write: readonly string[];
    readonly read: readonly string[];
  } | null;
  /** A file system of its own for temporary files, with its size in bytes; in a mount namespace. */
  readonly temporary: { readonly path: string; readonly sizeBytes: number } | null;
  /** Files of control groups that the program joins. */
  readonly join: readonly string[];
}

/** What a keeper says. Signals are numbers; an error is one of the C library's. */
export type KeeperAnswer =
  | { readonly type: 'began' }
  | { readonly type: 'failed'; readonly step: string; readonly error: number }
  | {
      readonly type: 'ended';
      readonly exitCode: number | null;
      readonly signal: number | null;
      readonly cpuMs: number;
    };
