/**
 * `deno run -A tools/darwin_double.ts`: writes to `dist/test/` what runs the macOS side on Linux: a double of
 * libSystem and of the programs that configure the network, made by the C compiler from tests/darwin/, and a
 * docker-connector and a docker-accessor that use them, run from source: a macOS program always holds this Deno, since only
 * for Linux can another runtime be had. What they use is written into their source: a released program has neither the
 * paths nor a setting that could name them.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { OperationError } from "../core/error.ts";
import { runOrThrow } from "./command.ts";
import { newest, ROOT_FOLDER } from "./freshness.ts";
import { type Program, PROGRAMS } from "./programs.ts";
import { writeSourcePrograms } from "./source_programs.ts";
import { SOURCES } from "./source_tree.ts";

/** Names another folder than `dist/test` for the double: one that everybody can read, wherever the repository lies. */
export const DOUBLE_VARIABLE = "DOCKER_CONNECTOR_TEST_DOUBLE";
/** The folder that stands for the root of a Mac's files. */
export const DOUBLE_FOLDER: string = Deno.env.get(DOUBLE_VARIABLE) ?? join(ROOT_FOLDER, "dist", "test");
/** The server with the macOS side. */
export const DARWIN_SERVER: string = join(DOUBLE_FOLDER, "docker-connector");
/** The accessor with the macOS side. */
export const DARWIN_ACCESSOR: string = join(DOUBLE_FOLDER, "docker-accessor");
/** The double of the C library. */
export const LIBSYSTEM: string = join(DOUBLE_FOLDER, "usr/lib/libSystem.B.dylib");
/** The programs of which there are doubles. */
const NETWORK_PROGRAMS = ["sbin/ifconfig", "sbin/route", "usr/sbin/netstat"];

const SOURCE_FOLDER = fileURLToPath(new URL("../tests/darwin", import.meta.url));

/** The Debian package of the C compiler, and of the headers it needs. */
export const COMPILER_PACKAGES: readonly string[] = ["gcc", "libc6-dev"];

/** How a double of the library may differ from the usual one. */
export type Variant =
  /** `ioctl` takes its variadic argument where Apple's arm64 has it; `__ioctl` is missing */
  | "arm64 without the stub"
  /** `__ioctl` is missing */
  | "without the stub";

const DEFINITIONS: Readonly<Record<Variant, readonly string[]>> = {
  "arm64 without the stub": ["-DWITHOUT_IOCTL_STUB", "-DAPPLE_ARM64_VARIADICS"],
  "without the stub": ["-DWITHOUT_IOCTL_STUB"],
};

async function compileC(folder: string, output: string, flags: readonly string[]): Promise<void> {
  const path = join(SOURCE_FOLDER, folder);
  const files = Array.from(Deno.readDirSync(path), ({ name }) => name).filter((name) => name.endsWith(".c"));
  const common = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread"];
  // Renamed into place: a running program may have the old one open.
  await runOrThrow(["gcc", ...common, ...flags, "-o", `${output}.new`, ...files.sort()], { cwd: path });
  await Deno.rename(`${output}.new`, output);
}

/**
 * Makes a double of the library.
 *
 * @param output path of the library
 * @throws OperationError when there is no C compiler, or the source has a fault
 */
export async function compileLibrary(output: string, variant?: Variant): Promise<void> {
  const definitions = variant === undefined ? [] : DEFINITIONS[variant];
  // Like the real one it is never unloaded: it remembers its descriptors.
  const flags = ["-fPIC", "-shared", "-fvisibility=hidden", "-Wl,-z,nodelete"];
  await compileC("libsystem", output, [...flags, ...definitions]);
}

/** The text that stands in for ffi/platform.ts. */
export function darwinPlatform(libc: string = LIBSYSTEM, arch: "aarch64" | "x86_64" = "x86_64"): string {
  const platform = { os: "darwin", arch, libc, programRoot: DOUBLE_FOLDER };
  return `/** The double of macOS, for tests. @module */\nexport const platform = ${
    JSON.stringify(platform)
  };\n`;
}

/** The programs as they are released for macOS, allowed to run the doubles instead of the programs themselves. */
function darwinPrograms(): Program[] {
  return PROGRAMS.filter(({ binary }) => binary !== "docker-connector-client").map(withDoubles);
}

/** A program that may run the doubles where it may run the programs themselves. */
export function withDoubles(program: Program): Program {
  const grants = program.grants.filter(({ os }) => os !== "linux").map(({ os: _, flag, ...rest }) => ({
    ...rest,
    flag: flag.startsWith("--allow-run=") ? flag.replaceAll(/(?<=[=,])\//g, `${DOUBLE_FOLDER}/`) : flag,
  }));
  return { ...program, grants };
}

async function isFresh(): Promise<boolean> {
  const sources = [...SOURCES, "tests/darwin", "tools/darwin_double.ts", "tools/programs.ts"];
  const latest = Math.max(...await Promise.all(sources.map((name) => newest(join(ROOT_FOLDER, name)))));
  const times = await Promise.all(
    [DARWIN_SERVER, DARWIN_ACCESSOR].map((path) =>
      Deno.stat(path).then(({ mtime }) => mtime?.getTime() ?? 0, () => 0)
    ),
  );
  return Math.min(...times) > latest;
}

/**
 * Makes the double of the library and those of the programs.
 *
 * @throws OperationError when there is no C compiler, or the source has a fault
 */
export async function compileDoubles(): Promise<void> {
  for (const folder of ["sbin", "usr/lib", "usr/sbin"]) {
    await Deno.mkdir(join(DOUBLE_FOLDER, folder), { recursive: true });
  }
  await compileLibrary(LIBSYSTEM);
  for (const path of NETWORK_PROGRAMS) await compileC("programs", join(DOUBLE_FOLDER, path), []);
}

/**
 * Makes all of it, unless it is there and newer than its sources.
 *
 * @throws OperationError when something cannot be compiled
 */
export async function ensureDarwinDouble(): Promise<void> {
  if (await isFresh()) return;
  await compileDoubles();
  await writeSourcePrograms(DOUBLE_FOLDER, { "ffi/platform.ts": darwinPlatform() }, darwinPrograms());
}

if (import.meta.main) {
  try {
    await ensureDarwinDouble();
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    console.error(error.report);
    Deno.exit(1);
  }
}
