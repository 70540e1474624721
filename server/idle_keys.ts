/**
 * Keys that the server reads and checks but does nothing with: in this version, or while another key is off.
 *
 * @module
 */
import { getLogger } from "../cli/log.ts";
import type { Config } from "../core/config/config.ts";

const log = getLogger("config");

/** The keys of a configuration that this version does nothing with. */
export function idleKeys(config: Config): string[] {
  return names([
    ["hosts", config.hosts.length > 0],
    ["proxy", config.proxies.length > 0],
    ["web", config.web !== undefined],
  ]);
}

/** The keys of a configuration that are for accessors, none of whom can log in while `expose` is off. */
export function unsharedKeys(config: Config): string[] {
  if (config.expose !== undefined) return [];
  return names([
    ["route ... expose", config.routes.some(({ expose }) => expose)],
    ["token", config.tokens.length > 0],
    ["pong", config.pong],
  ]);
}

/** Says which lines of a configuration have no effect. */
export function warnOfIdleKeys(config: Config): void {
  const idle = idleKeys(config);
  if (idle.length > 0) log.warn("keys without effect in this version", { keys: idle.join(", ") });
  const unshared = unsharedKeys(config);
  if (unshared.length === 0) return;
  log.warn('keys without effect while "expose" is off; see "expose ADDRESS:PORT"', {
    keys: unshared.join(", "),
  });
}

function names(given: readonly (readonly [name: string, isGiven: boolean])[]): string[] {
  return given.filter(([, isGiven]) => isGiven).map(([name]) => name);
}
