/**
 * Where the C library is.
 *
 * @module
 */

/**
 * The C library of the running system, as `Deno.dlopen` takes it. macOS keeps it in the shared cache, not on disk, so the
 * path is never looked up first (reference: platform-abi.md section 4).
 */
export const libcPath = Deno.build.os === "darwin" ? "/usr/lib/libSystem.B.dylib" : "libc.so.6";
