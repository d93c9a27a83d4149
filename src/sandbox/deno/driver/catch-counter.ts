/** Finds the fuel counter of a module that other code instantiates, as Pyodide's loader does. */

/** A fuel counter: what is left, in instructions; below zero, everything traps. */
export interface FuelCounter {
  value: bigint;
}

interface Instantiated {
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly instance?: { readonly exports: Readonly<Record<string, unknown>> };
}

type Instantiate = (source: unknown, imports?: unknown) => Promise<Instantiated>;

/**
 * Looks at every module that is instantiated from now on. Answers a function that gives the counter of
 * the first one that exports `exportName`, and null before; the realm is as it was as soon as it is found.
 */
export function catchCounter(exportName: string): () => FuelCounter | null {
  const { WebAssembly: engine } = globalThis as unknown as {
    readonly WebAssembly: Record<'instantiate' | 'instantiateStreaming', Instantiate>;
  };
  const { instantiate, instantiateStreaming } = engine;
  let counter: FuelCounter | null = null;
  const look =
    (original: Instantiate): Instantiate =>
    async (source, imports) => {
      const made = await original.call(engine, source, imports);
      const found = (made.instance ?? made).exports?.[exportName];
      if (found !== undefined && counter === null) {
        counter = found as FuelCounter;
        Object.assign(engine, { instantiate, instantiateStreaming });
      }
      return made;
    };
  engine.instantiate = look(instantiate);
  engine.instantiateStreaming = look(instantiateStreaming);
  return () => counter;
}
