// This file stands for source runs; the compile step puts a file of the same shape in its place, which names
// the real commit.

/** Abbreviated commit hash, or `unknown`. */
export const commit: string = "unknown";

/**
 * The client's image in a registry, without its tag, where the workflow that compiled this pushes it; empty
 * in all other builds, since under any other name there could be anybody's image.
 */
export const imageRepository: string = "";
