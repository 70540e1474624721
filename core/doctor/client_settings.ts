import { parsePort } from "../net/endpoint.ts";

/** What a client container was told, as far as it decides whether the server hears it. */
export interface ClientSettings {
  /** The server's UDP port; undefined where it is the usual one. */
  readonly port: number | undefined;
  /** The shared secret; undefined where there is none. It must never be shown. */
  readonly key: string | undefined;
}

/**
 * Reads the settings of a client from its container: flags of its command win over its environment, as in the client itself.
 *
 * @param environment lines `NAME=value`
 * @param command the words after the program
 */
export function clientSettings(
  environment: readonly string[],
  command: readonly string[],
): ClientSettings {
  const port = flagOf("port", command) ?? variableOf("PORT", environment);
  return {
    port: port === undefined ? undefined : parsePort(port),
    key: flagOf("key", command) ?? variableOf("KEY", environment),
  };
}

/** The value of `--name value`, `--name=value` or either with one dash. */
function flagOf(name: string, command: readonly string[]): string | undefined {
  for (const [at, word] of command.entries()) {
    const [, value] = new RegExp(`^--?${name}(?:=(.*))?$`, "s").exec(word) ?? [undefined, null];
    if (value !== null) return value ?? command[at + 1];
  }
  return undefined;
}

function variableOf(name: string, environment: readonly string[]): string | undefined {
  const start = `DOCKER_CONNECTOR_${name}=`;
  return environment.find((line) => line.startsWith(start))?.slice(start.length);
}
