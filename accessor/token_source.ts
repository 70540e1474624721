/**
 * The source of the accessor's token: the command line, a file or the environment; with warnings about unsafe ones.
 *
 * @module
 */
import type { EnvironmentReader } from "../program/environment.ts";
import { environmentValue } from "../program/environment.ts";
import { OperationError } from "../core/error.ts";
import { tokenSyntax } from "./value_syntax.ts";

/** The variable that can hold the token. */
export const TOKEN_VARIABLE = "DOCKER_ACCESSOR_TOKEN";

/** Bytes of the largest token file; a larger one is some other file. */
const MAX_FILE_LENGTH = 4096;
/** Permission bits of the group and of others. */
const OTHERS = 0o077;

/** The possible sources. */
export interface TokenSourceOptions {
  /** `--token` */
  readonly token: string | undefined;
  /** `--token-file` */
  readonly tokenFile: string | undefined;
  /** Looks an environment variable up. */
  readonly read: EnvironmentReader;
}

/** A token, and warnings for its owner. */
export interface FoundToken {
  readonly token: string;
  /** Lines for the log. */
  readonly warnings: readonly string[];
}

/**
 * Finds the token: a flag wins over the environment.
 *
 * @throws {OperationError} `usage` if there is none, or two flags have one; `config` for a faulty file or variable
 */
export async function findToken({ token, tokenFile, read }: TokenSourceOptions): Promise<FoundToken> {
  if (token !== undefined && tokenFile !== undefined) {
    throw new OperationError(
      "usage",
      "Cannot use --token and --token-file together: each names a token",
      "Leave --token out",
    );
  }
  if (token !== undefined) {
    const warning = "The token is on the command line, where every user of this machine can read it. " +
      `Put it into a file of mode 0600 and name that by --token-file, or into the variable ${TOKEN_VARIABLE}`;
    return { token, warnings: [warning] };
  }
  if (tokenFile !== undefined) return await readTokenFile(tokenFile);
  const fromEnvironment = environmentValue(read, TOKEN_VARIABLE, tokenSyntax);
  if (fromEnvironment !== undefined) return { token: fromEnvironment, warnings: [] };
  throw new OperationError(
    "usage",
    "Cannot log in: there is no token",
    `Name a file that holds it by --token-file, or set ${TOKEN_VARIABLE}`,
  );
}

interface TokenFile {
  readonly text: string;
  /** Permission bits; null for a pipe, which has no other readers. */
  readonly mode: number | null;
}

async function readTokenFile(path: string): Promise<FoundToken> {
  const { text, warnings } = await readSecretFile(path);
  const { value, problem } = tokenSyntax.read(text.trim());
  if (problem !== undefined) {
    throw new OperationError("config", `Cannot use the token in ${path}: ${problem}`);
  }
  return { token: value, warnings };
}

/**
 * Reads a file that holds the token.
 *
 * @param remedy the remedy for a missing file
 * @returns its text, and a warning where others can read it too
 * @throws {OperationError} "config" if it cannot be read or is too large
 */
export async function readSecretFile(
  path: string,
  remedy = "",
): Promise<{ readonly text: string; readonly warnings: readonly string[] }> {
  const { text, mode } = await readSmallFile(path, remedy);
  const warnings = mode !== null && (mode & OTHERS) !== 0
    ? [`The token in ${path} can be read by other users of this machine. Run: chmod 600 ${path}`]
    : [];
  return { text, warnings };
}

async function readSmallFile(path: string, remedy: string): Promise<TokenFile> {
  try {
    using file = await Deno.open(path);
    const { isFile, isDirectory, mode } = await file.stat();
    if (isDirectory) throw new OperationError("config", `Cannot read the token from ${path}: it is a folder`);
    const room = new Uint8Array(MAX_FILE_LENGTH + 1);
    const length = await readFully(file, room);
    if (length > MAX_FILE_LENGTH) {
      throw new OperationError(
        "config",
        `Cannot read the token from ${path}: the file has more than ${MAX_FILE_LENGTH} bytes`,
        "Put the token alone into it",
      );
    }
    return { text: new TextDecoder().decode(room.subarray(0, length)), mode: isFile ? mode : null };
  } catch (error) {
    if (error instanceof OperationError) throw error;
    throw new OperationError("config", `Cannot read the token from ${path}: ${stateOf(error)}`, remedy, {
      cause: error,
    });
  }
}

async function readFully(file: Deno.FsFile, room: Uint8Array): Promise<number> {
  let length = 0;
  for (;;) {
    const taken = await file.read(room.subarray(length));
    if (taken === null || taken === 0) return length;
    length += taken;
  }
}

function stateOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "not permitted";
  return error instanceof Error ? error.message : String(error);
}
