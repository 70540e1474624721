/**
 * Endpoints: an address with a UDP or TCP port.
 *
 * @module
 */
import { equalAddress, formatAddress, type IpAddress, mapAddress, parseScopedAddress } from "./address.ts";

/** One end of a UDP or TCP exchange. */
export interface Endpoint {
  /** The address of the host. */
  readonly address: IpAddress;
  /** The port, 0 to 65535; 0 asks the kernel to choose one. */
  readonly port: number;
}

const ENDPOINT = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/;
const PORT = /^[1-9]\d{0,4}$/;

/**
 * Reads a port in decimal, 1 to 65535, without sign or leading zeros.
 *
 * @returns the port, or undefined if the text is none
 */
export function parsePort(text: string): number | undefined {
  const port = Number(text);
  return PORT.test(text) && port <= 0xffff ? port : undefined;
}

/**
 * Reads "ADDRESS:PORT" or "[IPV6]:PORT" with a port from 1 to 65535. A link-local IPv6 address may have the number of its
 * interface, "[fe80::1%2]:PORT". Host names are refused.
 *
 * @returns the endpoint, or undefined if the text is none
 */
export function parseEndpoint(text: string): Endpoint | undefined {
  const [, ipv6Text, ipv4Text, portText] = ENDPOINT.exec(text) ?? [];
  if (portText === undefined) return undefined;
  const address = parseScopedAddress(ipv6Text ?? ipv4Text ?? "");
  const port = parsePort(portText);
  if (address === undefined || port === undefined) return undefined;
  // Brackets belong to IPv6 and to nothing else (RFC 3986 section 3.2.2).
  return (address.family === 6) === (ipv6Text !== undefined) ? { address, port } : undefined;
}

/** The endpoint as "ADDRESS:PORT" or "[IPV6]:PORT". */
export function formatEndpoint(endpoint: Endpoint): string {
  const address = formatAddress(endpoint.address);
  return endpoint.address.family === 6 ? `[${address}]:${endpoint.port}` : `${address}:${endpoint.port}`;
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
