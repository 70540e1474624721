/**
 * Keys that this version reads and checks but does nothing with.
 *
 * @module
 */
import type { Config } from "../core/config/config.ts";

/** The keys of a configuration that stay without effect. */
export function idleKeys(config: Config): string[] {
  const given: readonly [name: string, isGiven: boolean][] = [
    ["route ... expose", config.routes.some(({ expose }) => expose)],
    ["expose", config.expose !== undefined],
    ["token", config.tokens.length > 0],
    ["pong", config.pong],
    ["hosts", config.hosts.length > 0],
    ["proxy", config.proxies.length > 0],
    ["web", config.web !== undefined],
  ];
  return given.filter(([, isGiven]) => isGiven).map(([name]) => name);
}
