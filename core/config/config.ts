/**
 * The configuration as data, and its defaults.
 *
 * @module
 */
import { addressFromUint32, type IpAddress } from "../net/address.ts";
import type { Endpoint } from "../net/endpoint.ts";
import { parsePrefix, type Prefix } from "../net/prefix.ts";
import type { LogLevel } from "./log_level.ts";

/** How the Docker Engine is found: searched for, left alone, or at a unix socket's path. */
export type DockerSetting =
  | { readonly mode: "auto" | "off" }
  | { readonly mode: "socket"; readonly path: string };

/** A container network that is routed into the tunnel. */
export interface Route {
  /** The network, host bits clear. */
  readonly prefix: Prefix;
  /** Whether accessors reach it too. */
  readonly expose: boolean;
}

/** Two container networks and whether they are to reach each other. The order of the two does not matter. */
export interface BridgePair {
  /** Network address (IPv4) of the one. */
  readonly a: IpAddress;
  /** Network address (IPv4) of the other. */
  readonly b: IpAddress;
  /** True for `A+B`, false for `A-B`. */
  readonly connect: boolean;
}

/** Where accessors log in. */
export interface Expose {
  /** The local address and UDP port. */
  readonly endpoint: Endpoint;
  /** Whether the original's login, with the token in clear, is admitted too. */
  readonly legacy: boolean;
}

/** What one accessor logs in with. */
export interface Token {
  /** The secret. It must never be logged. */
  readonly name: string;
  /** The virtual IPv4 address that the accessor is given. */
  readonly address: IpAddress;
}

/** A hosts file and which of its names the containers can resolve. */
export interface HostsFile {
  /** Absolute path. */
  readonly file: string;
  /** Endings of names, in lower case, some with a leading dot. */
  readonly domains: readonly string[];
}

/** A TCP service that containers reach at the server's virtual address. */
export interface Proxy {
  /** Where the service is: an address or a host name. */
  readonly host: string;
  /** The service's port. */
  readonly port: number;
  /** The port at the server's virtual address. */
  readonly listenPort: number;
}

/** A whole configuration, free of faults. It is frozen. */
export interface Config {
  /** The Docker side's virtual IPv4 address, with the length of the virtual network. */
  readonly addr: Prefix;
  /** The same for IPv6; undefined if IPv6 is off, which a small `mtu` brings about too. */
  readonly addr6: Prefix | undefined;
  /** The local address of the UDP socket. */
  readonly host: IpAddress;
  /** The UDP port, 1 to 65535. */
  readonly port: number;
  /** The largest packet in the tunnel, in bytes. */
  readonly mtu: number;
  /** How the Docker Engine is found. */
  readonly docker: DockerSetting;
  /** The secret that clients prove; undefined if none is set. It must never be logged. */
  readonly key: string | undefined;
  /** The routes; no two of them overlap. */
  readonly routes: readonly Route[];
  /** Pairs of networks; no pair is there twice. */
  readonly bridgePairs: readonly BridgePair[];
  /** The accessors' listener; undefined if it is off. */
  readonly expose: Expose | undefined;
  /** The accessors; no two share a name or an address. */
  readonly tokens: readonly Token[];
  /** How much is logged. */
  readonly logLevel: LogLevel;
  /** Whether the server itself answers the pings of accessors. */
  readonly pong: boolean;
  /** The hosts files; no file is there twice. */
  readonly hosts: readonly HostsFile[];
  /** The proxied services; no two share a `listenPort`. */
  readonly proxies: readonly Proxy[];
  /** Names of Docker networks that are not routed although they were discovered. */
  readonly networksOff: readonly string[];
  /** The containers' domain, in lower case; undefined if names are off. */
  readonly dns: string | undefined;
  /** Where the status page is served; undefined if it is off. */
  readonly web: Endpoint | undefined;
}

/** Values of command-line flags, which win over the file's. */
export interface Overrides {
  /** `--addr` */
  readonly addr?: Prefix | undefined;
  /** `--host` */
  readonly host?: IpAddress | undefined;
  /** `--port` */
  readonly port?: number | undefined;
  /** `--mtu` */
  readonly mtu?: number | undefined;
}

/** Bounds of `mtu` in bytes: every IPv4 host takes 576 (RFC 791); 65507 is what one UDP datagram over IPv4 holds. */
export const MTU_BOUNDS = { least: 576, most: 65_507 } as const;

/** The least `mtu` with which IPv6 works, in bytes (RFC 8200 section 5). */
export const IPV6_LEAST_MTU = 1280;

function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (parsed === undefined) throw new TypeError(`${text} is no prefix`);
  return parsed;
}

/** What is in force without a config file. The values are those of the original where it has the key. */
export const DEFAULT_CONFIG: Config = {
  addr: prefix("192.168.251.1/24"),
  addr6: prefix("fdc0:c0de:251::1/64"),
  host: addressFromUint32(0x7f000001),
  port: 2511,
  mtu: 1400,
  docker: { mode: "auto" },
  key: undefined,
  routes: [],
  bridgePairs: [],
  expose: undefined,
  tokens: [],
  logLevel: "info",
  pong: false,
  hosts: [],
  proxies: [],
  networksOff: [],
  dns: "container.internal",
  web: undefined,
};
