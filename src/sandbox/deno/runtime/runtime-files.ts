/** Where Deno's binary and Pyodide lie: npm packages that are optional, used directly without a script. */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** Absolute paths without links, since Deno judges the path and not what it leads to. */
export interface RuntimeFiles {
  readonly deno: string;
  readonly denoVersion: string;
  /** The folder of Pyodide. */
  readonly pyodide: string;
  readonly pyodideVersion: string;
  /** The folder of the program that Deno runs. */
  readonly driver: string;
}

/** Why something can't be used here, and what to do about it. */
export interface Unavailable {
  readonly problem: string;
  readonly fix: string;
}

const require = createRequire(import.meta.url);

/** The package with Deno for a system, such as `@deno/linux-x64-glibc`. */
export const denoPackage = (platform: string, arch: string): string =>
  `@deno/${platform}-${arch}${platform === 'linux' ? '-glibc' : ''}`;

/** Finds both packages from here, or says what to install. */
export function findRuntimeFiles(
  denoName = denoPackage(process.platform, process.arch),
  pyodideName = 'pyodide',
): RuntimeFiles | Unavailable {
  const deno = findPackage(denoName);
  const pyodide = findPackage(pyodideName);
  const missing = [
    ...(deno === null ? [denoName] : []),
    ...(pyodide === null ? [pyodideName] : []),
  ];
  if (deno === null || pyodide === null) {
    const packages = missing.join(' and ');
    return {
      problem: `programs can't be run: the npm package ${packages} is not installed`,
      fix: `Install it with "npm install --include=optional" where Skein is installed (${packages}).`,
    };
  }
  return {
    deno: path.join(deno.folder, 'deno'),
    denoVersion: deno.version,
    pyodide: pyodide.folder,
    pyodideVersion: pyodide.version,
    driver: realpathSync(path.join(import.meta.dirname, '../driver')),
  };
}

function findPackage(name: string): { readonly folder: string; readonly version: string } | null {
  try {
    const file = realpathSync(require.resolve(`${name}/package.json`));
    const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
    const folder = path.dirname(file);
    return name.startsWith('@deno/') && !existsSync(path.join(folder, 'deno'))
      ? null
      : { folder, version };
  } catch {
    return null;
  }
}
