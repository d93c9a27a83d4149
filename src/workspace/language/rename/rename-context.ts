/** What the steps of one rename share. */
import type { LanguageServer, RenameRequest } from '#workspace/language/language.ts';
import type { ProgramHost } from '#workspace/programs/program-host.ts';
import type { RenameNames } from './check-names.ts';
import type { SourceFiles } from './source-files.ts';
import type { ResolveModule, SymbolGraph } from './symbol-graph.ts';
import type { WorkspacePackage } from '#workspace/language/modules/workspace-packages.ts';

/** The question and the means. `root` is a real path. */
export interface RenameContext {
  readonly request: RenameRequest;
  readonly root: string;
  /** What holds the server, and every compiler beside it. */
  readonly host: ProgramHost;
  readonly names: RenameNames;
  readonly sources: SourceFiles;
  readonly server: LanguageServer;
}

/** The same when the graph of the old name stands. */
export interface GraphContext extends RenameContext {
  readonly graph: SymbolGraph;
  readonly resolve: ResolveModule;
  readonly packages: readonly WorkspacePackage[];
}
