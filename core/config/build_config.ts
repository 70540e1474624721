/**
 * Makes a frozen configuration of a draft that has no faults.
 *
 * @module
 */
import { formatAddress } from "../net/address.ts";
import { formatPrefix } from "../net/prefix.ts";
import { type Config, DEFAULT_CONFIG, type HostsFile, IPV6_LEAST_MTU } from "./config.ts";
import type { Draft } from "./draft.ts";
import type { Located } from "./line_reader.ts";

/** The keys that a file has once. */
export type SingleValues = Omit<
  Config,
  "routes" | "bridgePairs" | "tokens" | "hosts" | "proxies" | "networksOff"
>;

/** The draft's values of keys that a file has once, or their defaults. IPv6 is off where `mtu` is too small for it. */
export function singleValues(draft: Draft): SingleValues {
  const mtu = valueOf(draft.mtu, DEFAULT_CONFIG.mtu);
  return {
    addr: valueOf(draft.addr, DEFAULT_CONFIG.addr),
    addr6: mtu < IPV6_LEAST_MTU ? undefined : valueOf(draft.addr6, DEFAULT_CONFIG.addr6),
    host: valueOf(draft.host, DEFAULT_CONFIG.host),
    port: valueOf(draft.port, DEFAULT_CONFIG.port),
    mtu,
    docker: valueOf(draft.docker, DEFAULT_CONFIG.docker),
    key: valueOf(draft.key, DEFAULT_CONFIG.key),
    expose: valueOf(draft.expose, DEFAULT_CONFIG.expose),
    logLevel: valueOf(draft.logLevel, DEFAULT_CONFIG.logLevel),
    pong: valueOf(draft.pong, DEFAULT_CONFIG.pong),
    dns: valueOf(draft.dns, DEFAULT_CONFIG.dns),
    web: valueOf(draft.web, DEFAULT_CONFIG.web),
  };
}

function valueOf<T>(located: Located<T> | undefined, otherwise: T): T {
  return located === undefined ? otherwise : located.value;
}

/** The whole configuration, frozen; what a file says twice is in it once. */
export function settle(draft: Draft): Config {
  return deepFreeze({
    ...singleValues(draft),
    routes: distinct(values(draft.routes), (route) => formatPrefix(route.prefix)),
    bridgePairs: distinct(
      values(draft.bridgePairs),
      ({ a, b }) => [formatAddress(a), formatAddress(b)].sort().join(),
    ),
    tokens: draft.tokens.map(({ name, address }) => ({ name: name.value, address: address.value })),
    hosts: mergeHosts(draft.hosts),
    proxies: distinct(values(draft.proxies), (proxy) => proxy.listenPort),
    networksOff: distinct(draft.networksOff, (name) => name),
  });
}

function values<T>(located: readonly Located<T>[]): T[] {
  return located.map(({ value }) => value);
}

function distinct<T>(items: readonly T[], identify: (item: T) => unknown): T[] {
  const kept = new Map<unknown, T>();
  for (const item of items) if (!kept.has(identify(item))) kept.set(identify(item), item);
  return [...kept.values()];
}

// People add domains to a file by appending lines, so several lines may name one file.
function mergeHosts(lines: readonly HostsFile[]): HostsFile[] {
  const domains = new Map<string, Set<string>>();
  for (const line of lines) {
    domains.set(line.file, new Set([...domains.get(line.file) ?? [], ...line.domains]));
  }
  return [...domains].map(([file, names]) => ({ file, domains: [...names] }));
}

// Freezing a view of bytes is an error of the language, so addresses stay as they are.
function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
