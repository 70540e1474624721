import { formatAddress, type IpAddress, parseAddress } from "../net/address.ts";
import { type Endpoint, formatEndpoint, parseEndpoint, parsePort } from "../net/endpoint.ts";
import { formatPrefix, maskLength, maskPrefix, parsePrefix, type Prefix } from "../net/prefix.ts";
import { PATH_PREFERENCES, type PathPreference } from "../path/path_kind.ts";
import { err, ok, quote, type Result } from "../result.ts";
import { suggest } from "../suggest.ts";
import { specialPurposePrefix, virtualNetworkProblem } from "./virtual_network.ts";

/** Bounds of `mtu` in bytes: every IPv4 host takes 576 (RFC 791); one UDP datagram over IPv4 holds 65507. */
const MIN_MTU = 576;
const MAX_MTU = 65_507;

/** The least `mtu` with which IPv6 works, in bytes (RFC 8200 section 5). */
export const IPV6_MIN_MTU = 1280;

/** Reads a port from 1 to 65535. */
export function readPort(text: string): Result<number> {
  const port = parsePort(text);
  return port === undefined ? err(`invalid port ${quote(text)}: expected 1-65535`) : ok(port);
}

/** Reads an MTU in bytes, from 576 to 65507. */
export function readMtu(text: string): Result<number> {
  const mtu = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : NaN;
  if (mtu >= MIN_MTU && mtu <= MAX_MTU) return ok(mtu);
  return err(`invalid MTU ${quote(text)}: expected ${MIN_MTU}-${MAX_MTU} bytes`);
}

/** Reads which paths packets may take. */
export function readPathPreference(text: string): Result<PathPreference> {
  const preference = PATH_PREFERENCES.find((known) => known === text);
  if (preference !== undefined) return ok(preference);
  const nearest = suggest(text, PATH_PREFERENCES);
  const hint = nearest === undefined ? "" : `; did you mean "${nearest}"?`;
  return err(`unknown path ${quote(text)}: expected auto, direct, engine or udp${hint}`);
}

/** Reads an address of this host to listen on; `localhost` stands for 127.0.0.1. */
export function readListenAddress(text: string): Result<IpAddress> {
  const form = 'expected one such as "127.0.0.1" or "0.0.0.0"';
  const address = parseAddress(text === "localhost" ? "127.0.0.1" : text);
  if (address === undefined) return err(`invalid IP address ${quote(text)}: ${form}`);
  const [first = 0] = address.bytes;
  const isHost = address.family === 6 || first < 224;
  return isHost ? ok(address) : err(`${quote(text)} is not a host address: ${form}`);
}

/** Reads ADDRESS:PORT to listen on; `localhost` stands for 127.0.0.1. */
export function readListenEndpoint(text: string, example: string): Result<Endpoint> {
  const endpoint = parseEndpoint(text.replace(/^localhost:/, "127.0.0.1:"));
  if (endpoint !== undefined) return ok(endpoint);
  const port = parsePort(text.replace(/^[^:]*:/, ""));
  if (port !== undefined && /^:?\d+$/.test(text)) {
    return err(`${quote(text)} has no address: expected ADDRESS:PORT, for example "127.0.0.1:${port}"`);
  }
  const address = parseAddress(text);
  if (address !== undefined) {
    const written = formatEndpoint({ address, port: 2512 });
    return err(`${quote(text)} has no port: expected ADDRESS:PORT, for example "${written}"`);
  }
  return err(`invalid endpoint ${quote(text)}: expected an IP address and a port, for example "${example}"`);
}

/** Reads the virtual IPv4 network with the Docker side's address, the value of `addr`. */
export const readVirtualNetwork: (text: string) => Result<Prefix> = virtualReader(4, "192.168.251.1/24");

/** Reads the virtual IPv6 network with the Docker side's address, the value of `addr6`. */
export const readVirtualNetwork6: (text: string) => Result<Prefix> = virtualReader(6, "fdc0:c0de:251::1/64");

function virtualReader(family: 4 | 6, example: string): (text: string) => Result<Prefix> {
  return (text) => {
    const result = readPrefix(text, example);
    if (result.problem !== undefined) return result;
    if (result.value.address.family !== family) {
      return err(`${quote(text)} is not IPv${family}: expected a CIDR, for example "${example}"`);
    }
    const unfit = virtualNetworkProblem(result.value);
    return unfit === undefined ? result : err(unfit);
  };
}

/** Reads the network of a route, the value of `route`. */
export function readRoutePrefix(text: string): Result<Prefix> {
  const result = readPrefix(text, "172.18.0.0/16");
  if (result.problem !== undefined) return result;
  const prefix = result.value;
  const network = maskPrefix(prefix);
  if (formatPrefix(prefix) !== formatPrefix(network)) {
    return err(`${quote(text)} has host bits set: the network is ${formatPrefix(network)}`);
  }
  const refuse = (why: string) => err(`${formatPrefix(prefix)} ${why}: expected a container network`);
  if (prefix.length === 0) return refuse("would send all traffic into the tunnel");
  const special = specialPurposePrefix(prefix);
  return special === undefined ? result : refuse(`overlaps ${special}, which never leaves this host`);
}

function readPrefix(text: string, example: string): Result<Prefix> {
  const prefix = parsePrefix(text);
  if (prefix !== undefined) return ok(prefix);
  const [before = "", after] = text.split("/");
  const address = parseAddress(before);
  if (address === undefined) {
    return err(`invalid network ${quote(text)}: expected a CIDR, for example "${example}"`);
  }
  if (after === undefined) {
    const guess = formatPrefix({ address, length: likelyLength(address) });
    return err(`${quote(text)} has no prefix length: expected a CIDR, for example "${guess}"`);
  }
  const mask = parseAddress(after);
  const length = mask && maskLength(mask);
  // A mask of zeros is more likely a mistake than meant.
  if (length && mask?.family === address.family) {
    return err(`${quote(text)} has a netmask: expected "${formatPrefix({ address, length })}"`);
  }
  const max = address.bytes.length * 8;
  return err(`invalid prefix length in ${quote(text)}: expected "${formatAddress(address)}/" and 0-${max}`);
}

// Most networks end at a byte, so the trailing zero bytes show which length was meant in 172.18.0.0.
function likelyLength({ family, bytes }: IpAddress): number {
  if (family === 6) return 64;
  const count = bytes.findLastIndex((byte) => byte !== 0) + 1;
  return count === 0 || count === 4 ? 24 : count * 8;
}

// "true" and "false" are upstream v1's.
const SWITCH = new Map([["on", true], ["true", true], ["off", false], ["false", false]]);

/** Reads "on" or "off". */
export function readSwitch(text: string): Result<boolean> {
  const on = SWITCH.get(text);
  return on === undefined ? err(`unknown value ${quote(text)}: expected on or off`) : ok(on);
}
