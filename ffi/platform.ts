/** A system as the programs see it. */
export interface Platform {
  readonly os: "darwin" | "linux";
  /** The processor decides where the C calling convention puts variadic arguments. */
  readonly arch: "aarch64" | "x86_64";
  /**
   * The C library as `Deno.dlopen` takes it. macOS keeps it in the shared cache, not on disk, so the path is never looked
   * up first (Apple's release notes of macOS Big Sur 11.0.1, 62986286).
   */
  readonly libc: string;
  /** Prefix of the absolute paths of the programs that configure the network. */
  readonly programRoot: string;
}

const isDarwin = Deno.build.os === "darwin";

/**
 * The operating system whose calls and programs are used. A build for tests replaces this file
 * (tools/darwin_double.ts), so that the macOS side runs on Linux. Nothing at run time changes it.
 */
export const platform: Platform = {
  os: isDarwin ? "darwin" : "linux",
  arch: Deno.build.arch === "aarch64" ? "aarch64" : "x86_64",
  libc: isDarwin ? "/usr/lib/libSystem.B.dylib" : "libc.so.6",
  programRoot: "",
};
