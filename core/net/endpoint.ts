import {
  equalAddress,
  formatAddress,
  type IpAddress,
  isZonedAddress,
  mapAddress,
  parseAddress,
  parseScopedAddress,
} from "./address.ts";
import { isHostName } from "./host_name.ts";

/** One end of a UDP or TCP exchange. */
export interface Endpoint {
  /** The address of the host. */
  readonly address: IpAddress;
  /** The port, 0 to 65535; 0 asks the kernel to choose one. */
  readonly port: number;
}

/** A port of another machine, which has a host name or an address. */
export interface HostPort {
  /** A name, or an IP address without brackets, which may have a zone: "fe80::1%eth0". */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
}

// Brackets belong to IPv6 and to nothing else (RFC 3986 section 3.2.2).
const HOST_PORT = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/;
const PORT = /^[1-9]\d{0,4}$/;

/** Reads a port in decimal, 1 to 65535. Anything else gives undefined, such as a sign or leading zeros. */
export function parsePort(text: string): number | undefined {
  const port = Number(text);
  return PORT.test(text) && port <= 0xffff ? port : undefined;
}

function splitPort(text: string): HostPort & { isBracketed: boolean } | undefined {
  const [, bracketed, plain = "", portText = ""] = HOST_PORT.exec(text) ?? [];
  const port = parsePort(portText);
  if (port === undefined) return undefined;
  return { host: bracketed ?? plain, port, isBracketed: bracketed !== undefined };
}

/**
 * Reads "ADDRESS:PORT" or "[IPV6]:PORT" with a port from 1 to 65535. A link-local IPv6 address may have the number of its
 * interface, "[fe80::1%2]:PORT". Anything else gives undefined, such as a host name.
 */
export function parseEndpoint(text: string): Endpoint | undefined {
  const parts = splitPort(text);
  const address = parts && parseScopedAddress(parts.host);
  return address && (address.family === 6) === parts.isBracketed ? { address, port: parts.port } : undefined;
}

/** The endpoint as "ADDRESS:PORT" or "[IPV6]:PORT". */
export function formatEndpoint({ address, port }: Endpoint): string {
  return formatHostPort({ host: formatAddress(address), port });
}

/**
 * Reads "HOST:PORT", "ADDRESS:PORT", "[IPV6]:PORT" or "[IPV6%ZONE]:PORT" with a port from 1 to 65535. Anything else gives
 * undefined.
 */
export function parseHostPort(text: string): HostPort | undefined {
  const parts = splitPort(text);
  if (parts === undefined) return undefined;
  const { host, port, isBracketed } = parts;
  const family = parseAddress(host)?.family;
  const isHost = isBracketed
    ? family === 6 || isZonedAddress(host)
    : family === 4 || isHostName(host.toLowerCase().replace(/\.$/, ""));
  return isHost ? { host, port } : undefined;
}

/** The host and the port as {@linkcode parseHostPort} reads them. */
export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The endpoint as a socket of this IP version names it: one of IPv6 names IPv4 addresses by mapped ones (RFC 4291 2.5.5.2). */
export function toSocketFamily(endpoint: Endpoint, family: 4 | 6): Endpoint {
  const { address, port } = endpoint;
  return family === 4 || address.family === 6 ? endpoint : { address: mapAddress(address), port };
}

/** Whether both name the same port of the same address. */
export function equalEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && equalAddress(a.address, b.address);
}
