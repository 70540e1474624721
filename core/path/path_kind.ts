/** The paths, in the order in which they are listed; {@linkcode PathKind} says what carries the packets of each. */
export const PATH_KINDS = ["direct", "engine", "udp"] as const;

/**
 * A path: the way of packets between the server and Docker's machine. `direct` is a route without a tunnel, `engine` a stream
 * through the Docker Engine's API socket, `udp` the datagrams of protocol v1.
 */
export type PathKind = typeof PATH_KINDS[number];

/** The paths that may be used: all of them in turn, or one alone. */
export type PathPreference = "auto" | PathKind;

/** The values of a preference, the default first. */
export const PATH_PREFERENCES: readonly PathPreference[] = ["auto", ...PATH_KINDS];
