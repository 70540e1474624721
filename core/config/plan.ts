/**
 * What to do to get from one configuration to the next.
 *
 * @module
 */
import { formatAddress } from "../net/address.ts";
import { type Endpoint, formatEndpoint } from "../net/endpoint.ts";
import { formatPrefix } from "../net/prefix.ts";
import type { BridgePair, Config, Expose, HostsFile, Proxy, Route, Token } from "./config.ts";
import { difference } from "./difference.ts";
import type { LogLevel } from "./log_level.ts";
import { type RestartStep, restartSteps } from "./restart.ts";

/** One step from a configuration to the next. */
export type Step =
  /** Take the accessor's session and address away. */
  | { readonly kind: "remove-token"; readonly token: Token }
  /** Stop routing the network into the tunnel. */
  | { readonly kind: "remove-route"; readonly route: Route }
  /** The route stays; whether accessors reach it changes to `route.expose`. */
  | { readonly kind: "expose-route"; readonly route: Route }
  /** Keep the two networks apart again. */
  | { readonly kind: "disconnect-bridges"; readonly pair: BridgePair }
  /** Stop listening for the service. */
  | { readonly kind: "remove-proxy"; readonly proxy: Proxy }
  /** Do not route this discovered Docker network. */
  | { readonly kind: "network-off"; readonly name: string }
  /** Log this much. */
  | { readonly kind: "set-log-level"; readonly level: LogLevel }
  /** Answer the pings of accessors, or do not. */
  | { readonly kind: "set-pong"; readonly pong: boolean }
  /** Serve names under this domain; undefined serves none. */
  | { readonly kind: "set-dns"; readonly dns: string | undefined }
  /** Use these hosts files and no others. */
  | { readonly kind: "set-hosts"; readonly hosts: readonly HostsFile[] }
  /** Serve the status page there; undefined serves none. */
  | { readonly kind: "set-web"; readonly web: Endpoint | undefined }
  /** Listen for accessors there; undefined closes the listener. */
  | { readonly kind: "set-expose"; readonly expose: Expose | undefined }
  /** Route this discovered Docker network again. */
  | { readonly kind: "network-on"; readonly name: string }
  /** Route the network into the tunnel. */
  | { readonly kind: "add-route"; readonly route: Route }
  /** Let the two networks reach each other. */
  | { readonly kind: "connect-bridges"; readonly pair: BridgePair }
  /** Listen for the service. */
  | { readonly kind: "add-proxy"; readonly proxy: Proxy }
  /** Let the accessor log in. */
  | { readonly kind: "add-token"; readonly token: Token }
  /** The key was changed in the file, and the change waits for a restart. */
  | RestartStep;

/**
 * The steps from one configuration to the next, in the order in which they are to be taken: what is taken away comes
 * before what is added, so that nothing overlaps or is admitted in between. `plan(x, x)` is empty.
 *
 * @param previous the configuration in force; undefined at the start, when nothing is in force and no key can need a
 *   restart
 * @param next the configuration to put in force
 */
export function plan(previous: Config | undefined, next: Config): Step[] {
  const routes = difference(previous?.routes ?? [], next.routes, routeName, (route) => route.expose);
  const tokens = difference(previous?.tokens ?? [], next.tokens, tokenName);
  const proxies = difference(previous?.proxies ?? [], next.proxies, proxyName);
  const networks = difference(previous?.networksOff ?? [], next.networksOff, (name) => name);
  const pairs = bridgeSteps(previous?.bridgePairs ?? [], next.bridgePairs);
  const hidden = routes.changed.filter((route) => !route.expose);
  const shown = routes.changed.filter((route) => route.expose);
  return [
    ...tokens.removed.map((token): Step => ({ kind: "remove-token", token })),
    ...routes.removed.map((route): Step => ({ kind: "remove-route", route })),
    ...hidden.map((route): Step => ({ kind: "expose-route", route })),
    ...pairs.filter((step) => step.kind === "disconnect-bridges"),
    ...proxies.removed.map((proxy): Step => ({ kind: "remove-proxy", proxy })),
    ...networks.added.map((name): Step => ({ kind: "network-off", name })),
    ...settingSteps(previous, next),
    ...networks.removed.map((name): Step => ({ kind: "network-on", name })),
    ...routes.added.map((route): Step => ({ kind: "add-route", route })),
    ...shown.map((route): Step => ({ kind: "expose-route", route })),
    ...pairs.filter((step) => step.kind === "connect-bridges"),
    ...proxies.added.map((proxy): Step => ({ kind: "add-proxy", proxy })),
    ...tokens.added.map((token): Step => ({ kind: "add-token", token })),
    ...(previous === undefined ? [] : restartSteps(previous, next)),
  ];
}

function routeName(route: Route): string {
  return formatPrefix(route.prefix);
}

function tokenName(token: Token): string {
  return `${formatAddress(token.address)} ${token.name}`;
}

function proxyName(proxy: Proxy): string {
  return `${proxy.host} ${proxy.port} ${proxy.listenPort}`;
}

function pairName({ a, b }: BridgePair): string {
  return [formatAddress(a), formatAddress(b)].sort().join();
}

// A line `A-B` disconnects even what no line connected: the rule may be left from an earlier run.
function bridgeSteps(previous: readonly BridgePair[], next: readonly BridgePair[]): Step[] {
  const { removed, changed, added } = difference(previous, next, pairName, (pair) => pair.connect);
  return [
    ...removed.filter((pair) => pair.connect).map((pair): BridgePair => ({ ...pair, connect: false })),
    ...changed,
    ...added,
  ].map((pair): Step => ({ kind: pair.connect ? "connect-bridges" : "disconnect-bridges", pair }));
}

function settingSteps(previous: Config | undefined, next: Config): Step[] {
  const steps: [name: (config: Config) => string, step: Step][] = [
    [({ logLevel }) => logLevel, { kind: "set-log-level", level: next.logLevel }],
    [({ pong }) => String(pong), { kind: "set-pong", pong: next.pong }],
    [({ dns }) => dns ?? "", { kind: "set-dns", dns: next.dns }],
    [({ hosts }) => JSON.stringify(hosts), { kind: "set-hosts", hosts: next.hosts }],
    [({ web }) => web === undefined ? "" : formatEndpoint(web), { kind: "set-web", web: next.web }],
    [({ expose }) => exposeName(expose), { kind: "set-expose", expose: next.expose }],
  ];
  return steps
    .filter(([name]) => previous === undefined || name(previous) !== name(next))
    .map(([, step]) => step);
}

function exposeName(expose: Expose | undefined): string {
  return expose === undefined ? "" : `${formatEndpoint(expose.endpoint)} ${expose.legacy}`;
}
