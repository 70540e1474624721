/**
 * Where the accessor's token comes from: the command line, a file or the environment; with warnings about unsafe places.
 *
 * @module
 */
import { usageError } from "../cli/flag.ts";
import { type EnvironmentReader, environmentValue } from "../cli/value_syntax.ts";
import { OperationError } from "../core/error.ts";
import type { HostPort } from "../core/net/endpoint.ts";
import { remoteSyntax, tokenSyntax } from "./value_syntax.ts";

/** The variables that can hold the token and the server. */
const TOKEN_VARIABLE = "DOCKER_ACCESSOR_TOKEN";
const REMOTE_VARIABLE = "DOCKER_ACCESSOR_REMOTE";

/** Bytes of the largest token file; a larger one is some other file. */
const MAX_FILE_LENGTH = 4096;
/** Permission bits of the group and of others. */
const OTHERS = 0o077;

/** The flags that can give the token, and what looks an environment variable up. */
export interface TokenSourceOptions {
  readonly token: string | undefined;
  readonly tokenFile: string | undefined;
  readonly read: EnvironmentReader;
}

/** A token, and warnings for the log. */
export interface FoundToken {
  readonly token: string;
  readonly warnings: readonly string[];
}

/**
 * Finds the token: a flag wins over the environment.
 *
 * @throws {OperationError} `usage` if there is none, or two flags have one; `config` for a faulty file or variable
 */
export async function findToken({ token, tokenFile, read }: TokenSourceOptions): Promise<FoundToken> {
  if (token !== undefined && tokenFile !== undefined) {
    throw usageError(
      "Cannot use --token and --token-file together: each names a token",
      "Leave --token out",
    );
  }
  if (token !== undefined) {
    const warning = "The token is on the command line, where every user of this machine can read it. " +
      `Put it into a file of mode 0600 and name that by --token-file, or into the variable ${TOKEN_VARIABLE}`;
    return { token, warnings: [warning] };
  }
  if (tokenFile !== undefined) {
    const { text, warnings } = await readSecretFile(tokenFile);
    const { value, problem } = tokenSyntax.read(text.trim());
    if (problem === undefined) return { token: value, warnings };
    throw new OperationError("config", `Cannot use the token in ${tokenFile}: ${problem}`);
  }
  const fromEnvironment = environmentValue(read, TOKEN_VARIABLE, tokenSyntax);
  if (fromEnvironment !== undefined) return { token: fromEnvironment, warnings: [] };
  throw usageError(
    "Cannot log in: there is no token",
    `Name a file that holds it by --token-file, or set ${TOKEN_VARIABLE}`,
  );
}

/** The variables of a file, the server among them, and warnings for the log. */
export interface EnvFile {
  readonly read: EnvironmentReader;
  readonly remote: HostPort | undefined;
  readonly warnings: readonly string[];
}

/**
 * Reads a file with the server and the token, for services: every user can read their command lines. It has lines `NAME=VALUE`,
 * as the EnvironmentFile of systemd.exec(5): blank lines and those that begin with `#` or `;` are skipped, quotes around a
 * value are not part of it.
 *
 * @throws {OperationError} "config" if the file cannot be read or names no server that is one
 */
export async function readEnvFile(path: string): Promise<EnvFile> {
  const remedy =
    `Write the lines ${REMOTE_VARIABLE}=HOST:PORT and ${TOKEN_VARIABLE}=TOKEN into it, with mode 0600`;
  const { text, warnings } = await readSecretFile(path, remedy);
  const variables = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const [, name, value] = /^\s*([A-Za-z_]\w*)=(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) variables.set(name, value.replace(/^(["'])(.*)\1$/, "$2"));
  }
  const read = (name: string) => variables.get(name);
  return { read, remote: environmentValue(read, REMOTE_VARIABLE, remoteSyntax), warnings };
}

/**
 * Reads a file that holds the token, with a warning where others can read it too.
 *
 * @param remedy the remedy for a missing file
 * @throws {OperationError} "config" if it cannot be read or is too large
 */
async function readSecretFile(path: string, remedy = ""): Promise<{ text: string; warnings: string[] }> {
  try {
    using file = await Deno.open(path);
    const { isFile, isDirectory, mode } = await file.stat();
    if (isDirectory) throw new OperationError("config", `Cannot read the token from ${path}: it is a folder`);
    const bytes = new Uint8Array(MAX_FILE_LENGTH + 1);
    let length = 0;
    for (let taken: number | null = 1; taken !== null && taken > 0;) {
      taken = await file.read(bytes.subarray(length));
      length += taken ?? 0;
    }
    if (length > MAX_FILE_LENGTH) {
      throw new OperationError(
        "config",
        `Cannot read the token from ${path}: the file has more than ${MAX_FILE_LENGTH} bytes`,
        "Put the token alone into it",
      );
    }
    // A pipe has no other readers.
    const isOpen = isFile && mode !== null && (mode & OTHERS) !== 0;
    const warning = `The token in ${path} can be read by other users of this machine. Run: chmod 600 ${path}`;
    const text = new TextDecoder().decode(bytes.subarray(0, length));
    return { text, warnings: isOpen ? [warning] : [] };
  } catch (error) {
    if (error instanceof OperationError) throw error;
    const message = `Cannot read the token from ${path}: ${stateOf(error)}`;
    throw new OperationError("config", message, remedy, { cause: error });
  }
}

function stateOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "not permitted";
  return error instanceof Error ? error.message : String(error);
}
