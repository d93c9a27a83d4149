/** The engine's WebAssembly, as far as it is used here: Node's types leave it to those of browsers. */

/** A compiled module. */
export interface WasmModule {
  readonly [Symbol.toStringTag]: string;
}

/** An instance with what it exports. */
export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}

/** A mutable i64 global, such as a fuel counter. */
export interface WasmCounter {
  value: bigint;
}

interface WebAssemblyApi {
  readonly Module: {
    new (bytes: Uint8Array): WasmModule;
    customSections(module: WasmModule, name: string): readonly ArrayBuffer[];
  };
  readonly Instance: new (
    module: WasmModule,
    imports?: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => WasmInstance;
  readonly RuntimeError: new () => Error;
  readonly validate: (bytes: Uint8Array) => boolean;
  readonly compile: (bytes: Uint8Array) => Promise<WasmModule>;
}

/** The global `WebAssembly`. */
export const webAssembly = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi })
  .WebAssembly;
