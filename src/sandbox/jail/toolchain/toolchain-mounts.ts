/**
 * Which folders a jail has to see so that the tools of a search path work in it: those of the path, where
 * the tools were installed, and what their links point to. Never the home folder, nor what is closed.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Mount } from '#sandbox/jail/jail.ts';
import { closedFolders } from './closed-folders.ts';
import type { ClosedFolders } from './closed-folders.ts';
import { installationOf, linkTargets } from './installation.ts';
import { isOfSystem } from './system-mounts.ts';

/** What to look at. */
export interface ToolchainRequest {
  /** A search path, with `:`. */
  readonly path: string;
  /** Folders of which nothing may be seen: Skein's home, other people's work. */
  readonly forbidden: readonly string[];
  /** The home folder; that of the user when not said. */
  readonly home?: string;
}

/** What a jail is given, beside the system. */
export interface Toolchain {
  /** All to be read. */
  readonly mounts: readonly Mount[];
  /** The search path inside. */
  readonly path: string;
  /** Folders and links that are not to be seen, and why. */
  readonly leftOut: readonly { readonly path: string; readonly reason: string }[];
}

/** Finds the mounts for the tools of a search path. Folders that don't exist are passed over. */
export function toolchainMounts(request: ToolchainRequest): Toolchain {
  const home = request.home ?? os.homedir();
  const search = new Search(closedFolders(home, request.forbidden), home);
  for (const folder of new Set(request.path.split(':'))) {
    if (path.isAbsolute(folder)) search.add(path.normalize(folder));
  }
  return search.result();
}

class Search {
  readonly #closed: ClosedFolders;
  readonly #home: string;
  readonly #mounts: Mount[] = [];
  readonly #path: string[] = [];
  readonly #leftOut: Toolchain['leftOut'][number][] = [];

  constructor(closed: ClosedFolders, home: string) {
    this.#closed = closed;
    this.#home = home;
  }

  add(folder: string): void {
    const real = realFolder(folder);
    if (real === null) return;
    if (!this.#show(real, installationOf(real, this.#home))) return;
    // A folder that is reached by a link keeps the name that the path has for it.
    if (real !== folder && !isOfSystem(folder)) this.#mount(real, folder);
    this.#path.push(folder);
    for (const { link, hops, file } of linkTargets(real)) this.#follow(link, hops, file);
  }

  result(): Toolchain {
    return {
      mounts: withoutInner(this.#mounts),
      path: this.#path.join(':'),
      leftOut: this.#leftOut,
    };
  }

  #follow(link: string, hops: readonly string[], file: string): void {
    if (!this.#show(file, installationOf(file, this.#home), link)) return;
    for (const hop of hops) {
      if (hop !== file && !isOfSystem(hop) && !this.#isSeen(hop)) this.#mount(file, hop);
    }
  }

  /** Shows the installation, or only `real` where that would show too much; false when not even that. */
  #show(real: string, installation: string | null, link = real): boolean {
    if (isOfSystem(real) || this.#isSeen(real)) return true;
    const choices = installation === null ? [real] : [installation, real];
    const chosen = choices.find((each) => this.#closed.reasonFor(each) === null);
    if (chosen === undefined) {
      this.#leftOut.push({ path: link, reason: this.#closed.reasonFor(real) ?? '' });
      return false;
    }
    this.#mount(chosen, chosen);
    return true;
  }

  #mount(source: string, target: string): void {
    this.#mounts.push({ source, target, access: 'read' });
  }

  #isSeen(file: string): boolean {
    return this.#mounts.some(({ target }) => isBelow(file, target));
  }
}

const isBelow = (file: string, folder: string): boolean =>
  file === folder || file.startsWith(`${folder}/`);

/** Whether `outer` shows already what `inner` would. */
const holds = (outer: Mount, inner: Mount): boolean =>
  isBelow(inner.target, outer.target) &&
  inner.source === outer.source + inner.target.slice(outer.target.length);

/** Of two that show the same, the outer one, and of two that are the same, the first. */
const withoutInner = (mounts: readonly Mount[]): readonly Mount[] =>
  mounts.filter((mount, at) =>
    mounts.every((other, index) => {
      const isShown = index !== at && holds(other, mount);
      return !isShown || (holds(mount, other) && at < index);
    }),
  );

function realFolder(folder: string): string | null {
  try {
    const real = fs.realpathSync(folder);
    return fs.statSync(real).isDirectory() ? real : null;
  } catch {
    return null;
  }
}
