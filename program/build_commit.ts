/**
 * The commit a program was built from, and where its image is. This file stands for source runs; the compile step puts a file of the same
 * shape, naming the real commit, in its place for the time of the compilation.
 *
 * @module
 */

/** Abbreviated commit hash, or `unknown`. */
export const commit: string = "unknown";

/**
 * The client's image in a registry, without its tag, where the workflow that compiled this pushes it; empty in all other
 * builds, since under any other name there could be anybody's image.
 */
export const imageRepository: string = "";
