/**
 * The name of the tunnel's interface.
 *
 * @module
 */

/** The wanted name of the interface on Linux; macOS numbers its own. */
export const INTERFACE_NAME = "connector0";
