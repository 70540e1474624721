/**
 * Another machine's port, the machine being named by host name or address.
 *
 * @module
 */
import { isHostName } from "./host_name.ts";
import { isZonedAddress, parseAddress } from "./address.ts";
import { parsePort } from "./endpoint.ts";

/** A host and a UDP port of it. */
export interface HostPort {
  /** A name, or an IP address without brackets, which may have a zone: "fe80::1%eth0". */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
}

const HOST_PORT = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/;

/**
 * Reads "HOST:PORT", "ADDRESS:PORT", "[IPV6]:PORT" or "[IPV6%ZONE]:PORT" with a port from 1 to 65535.
 *
 * @returns undefined if the text is none
 */
export function parseHostPort(text: string): HostPort | undefined {
  const [, ipv6, name = "", portText = ""] = HOST_PORT.exec(text) ?? [];
  const port = parsePort(portText);
  if (port === undefined) return undefined;
  if (ipv6 !== undefined) {
    return parseAddress(ipv6)?.family === 6 || isZonedAddress(ipv6) ? { host: ipv6, port } : undefined;
  }
  const isHost = parseAddress(name)?.family === 4 || isHostName(name.toLowerCase().replace(/\.$/, ""));
  return isHost ? { host: name, port } : undefined;
}

/** The remote as it is read. */
export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
