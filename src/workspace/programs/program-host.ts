/**
 * Starts programs that run a repository's own code, or read what it says about itself: checks, set-up,
 * commands of recipes, language servers. A node hands in a host that puts them behind walls; without
 * one they run as the person.
 */
import type { Readable, Writable } from 'node:stream';
import type { NetworkAccess } from '#sandbox/sandbox.ts';

/** What holds a program, as it is recorded (`enclosureShape`). */
export interface ProgramEnclosure {
  readonly tier: 'T0' | 'T1' | 'T1+' | 'T2' | 'T3';
  readonly mechanism: string;
  readonly strength: 'runtime' | 'kernel' | 'double' | 'machine';
  readonly walls: readonly string[];
  /** `bubblewrap 0.8.0`. */
  readonly versions: readonly string[];
}

/** A program to start. */
export interface ProgramStart {
  readonly argv: readonly string[];
  readonly cwd: string;
  /** The worktree of the repository that it works on, and what it may do to the files there. */
  readonly root: string;
  readonly access: 'read' | 'write';
  /** Other folders that it may write: its home, its folder for temporary files. */
  readonly scratch: readonly string[];
  /** Folders and files of programs that are Skein's own, to be read. */
  readonly tools?: readonly string[];
  /** All of it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Input: nothing, or a pipe. Output: both streams in one descriptor, or a pipe each. */
  readonly input: 'ignore' | 'pipe';
  readonly output: number | 'pipe';
  /** Hosts that it may reach; without them it has no network where there are walls. */
  readonly network?: readonly string[];
}

/** How a program ended. What nobody measured is absent. */
export interface ProgramEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly cpuMs?: number;
  readonly peakBytes?: number;
  /** What it asked of the network, in order; absent when it might not. */
  readonly network?: readonly NetworkAccess[];
}

/** A started program, with all that it starts. */
export interface Program {
  /** The process whose end is the end of all. */
  readonly pid: number | undefined;
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /** Its own end; rejects when it can't be started. */
  readonly ended: Promise<ProgramEnd>;
  /** Ends it and all that it started; may be called again. */
  readonly end: () => Promise<void>;
}

/** Starts programs. */
export interface ProgramHost {
  /** What holds them; null: they run as the person. */
  readonly enclosure: ProgramEnclosure | null;
  /** Rejects when the walls can't be put up. */
  readonly start: (start: ProgramStart) => Promise<Program>;
}

/** How a plan names what holds its programs: `T2 (bubblewrap)`, or `none`. */
export const isolationOf = ({ enclosure }: ProgramHost): string =>
  enclosure === null ? 'none' : `${enclosure.tier} (${enclosure.mechanism})`;
