/**
 * Words for completions that depend on the running server or its config file. A shell waits for them: they take half a second at
 * most, and where something cannot be asked there are none. No secret is among them: a token is offered by its address.
 *
 * @module
 */
import * as v from "valibot";
import { deadline } from "../../core/async/clock.ts";
import type { Suggestion } from "../../cli/value_syntax.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";

/** Milliseconds for all of it. */
const TIMEOUT = 500;

/** The random part of a token that this program has made: 26 characters after a hyphen. */
const MADE_TOKEN = /^(.+)-[0-9a-z]{26}$/;

const NETWORKS = v.object({
  docker: v.object({
    networks: v.array(v.object({ name: v.string(), subnets: v.array(v.object({ prefix: v.string() })) })),
  }),
});

/** The Docker networks that the running server knows. */
export async function suggestNetworks(control?: string): Promise<readonly Suggestion[]> {
  return await silently(async () => {
    const { readStatus } = await import("../../system/control/control_client.ts");
    const { DEFAULT_SERVER_CONTROL } = await import("../commands.ts");
    const path = control ?? DEFAULT_SERVER_CONTROL;
    const { docker } = v.parse(NETWORKS, await readStatus(path, "docker-connector"));
    return docker.networks.map(({ name, subnets }) => [name, subnets.map(({ prefix }) => prefix).join(" ")]);
  });
}

/** The addresses of the tokens in the config file, and whose they are. */
export async function suggestTokens(): Promise<readonly Suggestion[]> {
  return await silently(async () => {
    const { parseConfig } = await import("../../core/config/parse.ts");
    const { formatAddress } = await import("../../core/net/address.ts");
    const { text, file } = await readConfig();
    const tokens = parseConfig(text, file).config?.tokens ?? [];
    return tokens.map(({ name, address }) => [formatAddress(address), MADE_TOKEN.exec(name)?.[1] ?? ""]);
  });
}

/** What follows the first word of a line that is added: the name of a Docker network after `network`. */
export async function suggestAdded(before: readonly string[]): Promise<readonly Suggestion[]> {
  if (before.length === 1 && before[0] === "network") return await suggestNetworks();
  return before.length === 2 && before[0] === "network" ? [["off", "Do not route it."]] : [];
}

/** The words of lines that can be removed: what is in the config file, but no secrets. */
export async function suggestRemoved(before: readonly string[]): Promise<readonly Suggestion[]> {
  return await silently(async () => {
    const { text } = await readConfig();
    const lines = text.split("\n").map((line) => line.replace(/#.*$/, "").trim().split(/\s+/));
    const next = lines.filter((words) => !SECRET_KEYS.includes(words[0] ?? "") || before.length === 0)
      .filter((words) => before.every((word, index) => words[index] === word))
      .flatMap((words) => words[before.length] ?? []);
    return [...new Set(next)].filter((word) => word !== "").map((word) => [word, ""]);
  });
}

/** Keys of the config file whose values are secrets. */
const SECRET_KEYS = ["key", "token"];

async function readConfig(): Promise<{ text: string; file: string }> {
  const { configFileToRead } = await import("../config/config_path.ts");
  const { readConfigFile } = await import("../../system/config/config_file.ts");
  const file = await configFileToRead(undefined);
  return { text: await readConfigFile(file), file };
}

async function silently(
  find: () => Promise<readonly Suggestion[]>,
): Promise<readonly Suggestion[]> {
  const found = find().catch((): readonly Suggestion[] => []);
  return await deadline(found, TIMEOUT, () => [], SYSTEM_CLOCK);
}
