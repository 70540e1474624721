/**
 * Reads the addresses, prefixes, ports and endpoints of the config file and of the flags with the same meaning.
 *
 * @module
 */
import { formatAddress, type IpAddress, parseAddress } from "../net/address.ts";
import { type Endpoint, formatEndpoint, parseEndpoint, parsePort } from "../net/endpoint.ts";
import { formatPrefix, maskPrefix, parsePrefix, type Prefix } from "../net/prefix.ts";
import { MTU_BOUNDS } from "./config.ts";
import { found, problem, quote, type Reading } from "./result.ts";
import { specialNetwork, virtualNetworkProblem } from "./virtual_network.ts";

/** Reads a port from 1 to 65535. */
export function readPort(text: string): Reading<number> {
  const port = parsePort(text);
  return port === undefined
    ? problem(`${quote(text)} is no port; expected a number from 1 to 65535`)
    : found(port);
}

/** Reads an MTU in bytes, from 576 to 65507. */
export function readMtu(text: string): Reading<number> {
  const mtu = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : NaN;
  return mtu >= MTU_BOUNDS.least && mtu <= MTU_BOUNDS.most ? found(mtu) : problem(
    `${quote(text)} is no MTU; expected a number of bytes from ${MTU_BOUNDS.least} to ${MTU_BOUNDS.most}`,
  );
}

/** Reads an address of this host to listen on; `localhost` stands for 127.0.0.1. */
export function readListenAddress(text: string): Reading<IpAddress> {
  const address = parseAddress(text === "localhost" ? "127.0.0.1" : text);
  if (address === undefined) {
    return problem(`${quote(text)} is no IP address; expected one as in "127.0.0.1" or "0.0.0.0"`);
  }
  if (address.family === 4 && (address.bytes[0] ?? 0) >= 224) {
    return problem(`${quote(text)} is no address of a host; expected one as in "127.0.0.1" or "0.0.0.0"`);
  }
  return found(address);
}

/** Reads ADDRESS:PORT to listen on; `localhost` stands for 127.0.0.1. */
export function readListenEndpoint(text: string, example: string): Reading<Endpoint> {
  const endpoint = parseEndpoint(text.replace(/^localhost:/, "127.0.0.1:"));
  if (endpoint !== undefined) return found(endpoint);
  const port = parsePort(text.replace(/^[^:]*:/, ""));
  if (port !== undefined && /^:?\d+$/.test(text)) {
    return problem(`${quote(text)} lacks an address; expected ADDRESS:PORT as in "127.0.0.1:${port}"`);
  }
  const address = parseAddress(text);
  if (address !== undefined) {
    const written = formatEndpoint({ address, port: 2512 });
    return problem(`${quote(text)} lacks a port; expected ADDRESS:PORT as in "${written}"`);
  }
  return problem(`${quote(text)} is no endpoint; expected an IP address and a port as in "${example}"`);
}

/** Reads the virtual IPv4 network with the Docker side's address, the value of `addr`. */
export function readVirtualNetwork(text: string): Reading<Prefix> {
  return readVirtual(text, 4, "192.168.251.1/24");
}

/** Reads the virtual IPv6 network with the Docker side's address, the value of `addr6`. */
export function readVirtualNetwork6(text: string): Reading<Prefix> {
  return readVirtual(text, 6, "fdc0:c0de:251::1/64");
}

function readVirtual(text: string, family: 4 | 6, example: string): Reading<Prefix> {
  const reading = readPrefix(text, example);
  if (reading.problem !== undefined) return reading;
  if (reading.value.address.family !== family) {
    return problem(`${quote(text)} is not IPv${family}; expected a CIDR as in "${example}"`);
  }
  const unfit = virtualNetworkProblem(reading.value);
  return unfit === undefined ? reading : problem(unfit);
}

/** Reads the network of a route, the value of `route`. */
export function readRoutePrefix(text: string): Reading<Prefix> {
  const reading = readPrefix(text, "172.18.0.0/16");
  if (reading.problem !== undefined) return reading;
  const prefix = reading.value;
  const network = maskPrefix(prefix);
  if (formatPrefix(prefix) !== formatPrefix(network)) {
    return problem(`${quote(text)} has host bits set; the network is ${formatPrefix(network)}`);
  }
  if (prefix.length === 0) {
    return problem(
      `${formatPrefix(prefix)} would send all traffic into the tunnel; expected a container network`,
    );
  }
  const special = specialNetwork(prefix);
  return special === undefined ? reading : problem(
    `${formatPrefix(prefix)} overlaps ${special}, which never leaves this host; expected a container network`,
  );
}

function readPrefix(text: string, example: string): Reading<Prefix> {
  const prefix = parsePrefix(text);
  if (prefix !== undefined) return found(prefix);
  const [before = "", after] = text.split("/");
  const address = parseAddress(before);
  if (address === undefined) {
    return problem(`${quote(text)} is no network; expected a CIDR as in "${example}"`);
  }
  if (after === undefined) {
    const guess = formatPrefix({ address, length: likelyLength(address) });
    return problem(`${quote(text)} lacks the network's length; expected a CIDR as in "${guess}"`);
  }
  const mask = parseAddress(after);
  const length = mask && lengthOfMask(mask);
  if (length !== undefined && mask?.family === address.family) {
    return problem(`${quote(text)} has a netmask; expected "${formatPrefix({ address, length })}"`);
  }
  const most = address.bytes.length * 8;
  return problem(
    `${quote(text)} has no valid length; expected "${formatAddress(address)}/" and a number up to ${most}`,
  );
}

// Networks are mostly cut at octets, so the trailing zero octets tell how long 172.18.0.0 was meant to be.
function likelyLength({ family, bytes }: IpAddress): number {
  if (family === 6) return 64;
  const octets = bytes.findLastIndex((byte) => byte !== 0) + 1;
  return octets === 0 || octets === 4 ? 24 : octets * 8;
}

function lengthOfMask(mask: IpAddress): number | undefined {
  const bits = [...mask.bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return /^1+0*$/.test(bits) ? bits.replaceAll("0", "").length : undefined;
}
