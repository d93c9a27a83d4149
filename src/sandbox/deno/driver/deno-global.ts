/** The part of the `Deno` object that the driver uses; the house has no types of Deno. */

interface Source {
  readSync(target: Uint8Array): number | null;
  read(target: Uint8Array): Promise<number | null>;
}

interface Sink {
  writeSync(bytes: Uint8Array): number;
}

/** What the driver calls. */
export interface DenoRuntime {
  readonly args: readonly string[];
  readonly stdin: Source;
  readonly stdout: Sink;
  readonly version: { readonly deno: string };
  exit(code?: number): never;
  readFileSync(path: string | URL): Uint8Array;
  readTextFileSync(path: string | URL): string;
  readDirSync(path: string): Iterable<{ readonly name: string }>;
  writeFileSync(path: string | URL, bytes: Uint8Array): void;
  inspect(value: unknown, options?: Readonly<Record<string, unknown>>): string;
  unrefTimer(id: unknown): void;
  readonly errors: Readonly<Record<string, new (message: string) => Error>>;
  readonly permissions: { revokeSync(descriptor: { readonly name: string }): unknown };
}

/** The runtime this code runs in. */
export const deno = (globalThis as unknown as { readonly Deno: DenoRuntime }).Deno;

interface RuntimeEvent {
  readonly error?: unknown;
  readonly reason?: unknown;
  preventDefault(): void;
}

interface MemoryConstructor {
  readonly prototype: {
    readonly buffer: ArrayBufferLike;
    grow(pages: number): number;
  };
}

/** The part of the global object that the house has no types of either. */
export const realm = globalThis as unknown as {
  addEventListener(type: string, listener: (event: RuntimeEvent) => void): void;
  readonly WebAssembly: { readonly Memory: MemoryConstructor };
};

/** An error to throw: programs see it, so it is one of theirs. */
export const problem = (message: string): Error => new Error(message);
