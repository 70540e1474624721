/**
 * Where the accessor's one session is in the data plane.
 *
 * @module
 */

/** The session's slot. */
export const SLOT = 0;
