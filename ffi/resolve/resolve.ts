/**
 * Host names to addresses, by the C library's own resolver: it obeys /etc/hosts, /etc/resolver, mDNS and whatever
 * else the system is set up with. `Deno.resolveDns` asks name servers only, and `node:dns` asks for a net
 * permission as wide as the name's possible addresses and prints a deprecation warning in the embedded runtime.
 *
 * @module
 */

import { OperationError } from "../../core/error.ts";
import { equalAddress, type IpAddress, parseAddress, unmapAddress } from "../../core/net/address.ts";
import { platform } from "../platform.ts";
// The same on macOS.
import { AF_INET, SOCK_DGRAM } from "../libc/constants_linux.ts";
import { cString, openLibc, pick, POSIX } from "../libc/libc.ts";
import { darwinAddressInfo } from "./resolve_darwin.ts";
import { type AddressInfoLayout, linuxAddressInfo, type ResolveFault } from "./resolve_layout.ts";

const ADDRINFO_LENGTH = 48;
const NEXT_POINTER = 40;

/** Arguments of the look-ups under way: the other thread uses their memory, so they must not be collected. */
const pending = new Set<readonly ArrayBufferView[]>();

/**
 * The addresses of a host, the system's preference first, each once. A literal address is its own answer, an
 * IPv4-mapped one is IPv4; the zone of one as "fe80::1%eth0" becomes the interface's number. The look-up runs on another thread and cannot be cancelled; how long it takes is up to the system's resolver.
 *
 * @throws {OperationError} "unavailable" when the name has no address or no name server answers
 */
export async function resolveHost(host: string): Promise<IpAddress[]> {
  const literal = parseAddress(host);
  if (literal !== undefined) return [unmapAddress(literal)];
  // A NUL would end the name early in C.
  if (host.includes("\0")) throw resolveError(host, "not known");
  const layout = platform.os === "darwin" ? darwinAddressInfo : linuxAddressInfo;
  const name = cString(host);
  const hints = new Int32Array(ADDRINFO_LENGTH / Int32Array.BYTES_PER_ELEMENT);
  // One entry for each address instead of one for each socket type.
  hints[2] = SOCK_DGRAM;
  const result = new BigUint64Array(1);
  const memory = [name, hints, result];
  const library = openLibc(pick(POSIX, "getaddrinfo", "freeaddrinfo"));
  pending.add(memory);
  try {
    const code = await library.symbols.getaddrinfo(name, null, hints, result);
    if (code !== 0) throw resolveError(host, layout.faults[code] ?? `resolver error ${code}`);
    const list = Deno.UnsafePointer.create(result[0] ?? 0n);
    try {
      const addresses = readAddressInfo(list, layout);
      if (addresses.length === 0) throw resolveError(host, "not known");
      return addresses;
    } finally {
      library.symbols.freeaddrinfo(list);
    }
  } finally {
    pending.delete(memory);
    library.close();
  }
}

/** The IP addresses of a list of struct addrinfo, each once, copied out of its memory. */
export function readAddressInfo(list: Deno.PointerValue, layout: AddressInfoLayout): IpAddress[] {
  const addresses: IpAddress[] = [];
  for (let entry = list; entry !== null;) {
    const view = new Deno.UnsafePointerView(entry);
    const socketAddress = view.getPointer(layout.addressPointer);
    const address = socketAddress && readSocketAddress(view.getInt32(4), socketAddress, layout);
    if (address && !addresses.some((known) => equalAddress(known, address))) addresses.push(address);
    entry = view.getPointer(NEXT_POINTER);
  }
  return addresses;
}

function readSocketAddress(
  family: number,
  socketAddress: Deno.PointerObject,
  { inet6 }: AddressInfoLayout,
): IpAddress | undefined {
  const view = new Deno.UnsafePointerView(socketAddress);
  if (family === AF_INET) return { family: 4, bytes: new Uint8Array(view.getArrayBuffer(4, 4)).slice() };
  if (family !== inet6) return undefined;
  const scope = view.getUint32(24);
  const bytes = new Uint8Array(view.getArrayBuffer(16, 8)).slice();
  return unmapAddress({ family: 6, bytes, ...scope === 0 ? {} : { scope } });
}

function resolveError(host: string, fault: ResolveFault | string): OperationError {
  const [state, remedy] = wording.get(fault) ?? [fault, "Give its IP address instead"];
  return new OperationError(
    "unavailable",
    `Cannot resolve host ${JSON.stringify(host).slice(1, -1)}: ${state}`,
    remedy,
  );
}

const wording: ReadonlyMap<string, readonly [state: string, remedy: string]> = new Map([
  ["not known", ["not known", "Check its spelling, or give its IP address"]],
  ["no answer", [
    "no name server answers",
    "Check the network connection and the name servers, or give its IP address",
  ]],
  ["refused", ["the name server refuses", "Check its spelling and the name servers, or give its IP address"]],
]);
