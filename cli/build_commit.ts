/**
 * The commit a program was built from. This file stands for source runs; the compile step puts a file of the same
 * shape, naming the real commit, in its place for the time of the compilation.
 *
 * @module
 */

/** Abbreviated commit hash, or `unknown`. */
export const commit: string = "unknown";
