/** What the machine's process and its host both have to know of its limits. */

/**
 * Of the machine's own stack. Small enough that the engine's, which is larger by far, never ends first:
 * where a recursion ends does not depend on how far the engine has optimised the code.
 */
export const MACHINE_STACK_BYTES = 256 * 1024;

/** The engine's stack for it, in KiB, of the 8 MiB that a process usually has. */
export const STACK_KILOBYTES = 6_000;
