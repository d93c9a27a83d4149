/** The rules of package.json, the lock file and the texts of the project; each answers with findings. */
import path from 'node:path';
import type { SourceFile } from './source-files.ts';

/** The parts of package.json that the house has rules for. */
export interface PackageJson {
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** One installed package in package-lock.json. */
export interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly optional?: boolean;
  readonly hasInstallScript?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** package-lock.json, version 3. */
export interface LockFile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

const SCRIPTS = ['start', 'test', 'check', 'fix', 'bench'];
// Built from parts, so that this file does not find itself.
const REGISTRY = new RegExp(`registry\\.${'(npmjs|yarnpkg|npmmirror)'}|${'arti'}factory`);
const PRIVATE = new RegExp(
  `${['\\.\\.', 'shared'].join('/')}\\b|/${['work', '(main|shared)'].join('/')}\\b|/${'root'}/`,
);
const PERMISSIVE = /^(Apache-2\.0|MIT|ISC|BSD-[23]-Clause|0BSD|BlueOak-1\.0\.0|Unlicense)$/;

/** Licences that ask for something only of who changes or merges the code: used as they come, apart. */
const UNCHANGED: Readonly<Record<string, string>> = { 'node_modules/pyodide': 'MPL-2.0' };

const allDependencies = (json: PackageJson): [string, string][] =>
  Object.entries({ ...json.dependencies, ...json.devDependencies, ...json.optionalDependencies });

/** Dependencies given as a range: two installations on two days must be the same. */
export const findLooseVersions = (json: PackageJson): string[] =>
  allDependencies(json)
    .filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))
    .map(([name, version]) => `${name}: pin ${version} to one version`);

/** Dependencies without a line of reason in docs/design/dependencies.md. */
export const findUnexplained = (json: PackageJson, document: string): string[] =>
  allDependencies(json)
    .filter(([name]) => !new RegExp(`^\\|[^|\\n]*\`${name}\``, 'm').test(document))
    .map(([name]) => `${name}: say why in docs/design/dependencies.md`);

/** The five scripts, no more: a stranger knows them. */
export const findScriptChanges = (json: PackageJson): string[] => {
  const names = Object.keys(json.scripts ?? {});
  return [
    ...SCRIPTS.filter((name) => !names.includes(name)).map((name) => `script ${name} is missing`),
    ...names.filter((name) => !SCRIPTS.includes(name)).map((name) => `script ${name} is one more`),
  ];
};

/** What makes an installation unsafe, or fail elsewhere. */
export function findLockProblems(lock: LockFile): string[] {
  const findings: string[] = [];
  for (const [name, entry] of Object.entries(lock.packages)) {
    if (name === '') continue;
    if (entry.hasInstallScript === true) findings.push(`${name}: runs a script when installed`);
    if (entry.resolved !== undefined) findings.push(`${name}: names an address`);
    if (entry.integrity === undefined) findings.push(`${name}: has no integrity hash`);
    const mayBe = entry.license === UNCHANGED[name];
    if (!mayBe && !PERMISSIVE.test(entry.license ?? ''))
      findings.push(`${name}: licence ${entry.license}`);
    // npm 11 and 12 refuse a lock file in which a platform's package of a dependency is missing.
    for (const part of Object.keys(entry.optionalDependencies ?? {})) {
      if (lock.packages[`node_modules/${part}`] === undefined) {
        findings.push(`${name}: ${part} is missing`);
      }
    }
  }
  return findings;
}

/** Texts that name a registry, or a place that exists on one machine only. */
export const findPrivatePlaces = (files: readonly SourceFile[]): string[] =>
  files.flatMap((file) =>
    file.text.split('\n').flatMap((line, index) => {
      const found = REGISTRY.exec(line) ?? PRIVATE.exec(line);
      return found === null ? [] : [`${file.path}:${index + 1}: ${found[0]}`];
    }),
  );

/** Links of documents to files of the project that do not exist. */
export const findBrokenLinks = (
  documents: readonly SourceFile[],
  exists: (file: string) => boolean,
): string[] =>
  documents.flatMap((document) =>
    [...document.text.matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)/g)].flatMap(([, target = '']) => {
      if (/^[a-z]+:/.test(target)) return [];
      const file = path.posix.join(path.posix.dirname(document.path), target);
      return exists(file) ? [] : [`${document.path}: ${target} does not exist`];
    }),
  );
