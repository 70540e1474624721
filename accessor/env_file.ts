/**
 * A file with the server and the token: for services, whose command lines every user can read.
 *
 * @module
 */
import { type EnvironmentReader, environmentValue } from "../program/environment.ts";
import type { HostPort } from "../core/net/host_port.ts";
import { readSecretFile, TOKEN_VARIABLE } from "./token_source.ts";
import { remoteSyntax } from "./value_syntax.ts";

/** The variable that can name the server. */
const REMOTE_VARIABLE = "DOCKER_ACCESSOR_REMOTE";

/** The content of a file. */
export interface EnvFile {
  /** Looks a variable of the file up. */
  readonly read: EnvironmentReader;
  /** The server; undefined if the file has none. */
  readonly remote: HostPort | undefined;
  /** Lines for the log. */
  readonly warnings: readonly string[];
}

/**
 * Reads lines `NAME=VALUE`, as the EnvironmentFile of systemd.exec(5): blank lines and those that begin with `#` or `;`
 * are skipped, quotes around a value are not part of it.
 *
 * @param path the file
 * @throws {OperationError} "config" if it cannot be read or names no server that is one
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
