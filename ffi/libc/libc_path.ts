/**
 * Where the C library is.
 *
 * @module
 */
import { platform } from "../platform.ts";

/** The C library of the system in use, as `Deno.dlopen` takes it. */
export const libcPath: string = platform.libc;
