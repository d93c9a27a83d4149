/** Starts the server of an engine. */
import type { Engine, LanguageServer } from '#workspace/language/language.ts';
import { startClassicServer } from './classic-server.ts';
import { type ServerOptions, startNativeServer } from './native-server.ts';

/** A ready server; dispose it. */
export const openServer = (engine: Engine, options: ServerOptions): Promise<LanguageServer> =>
  engine === 'typescript-7' ? startNativeServer(options) : startClassicServer(options);
