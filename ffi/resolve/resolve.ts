/**
 * Host names to addresses, by the C library's own resolver: it obeys /etc/hosts, /etc/resolver, mDNS and whatever
 * else the system is set up with. `Deno.resolveDns` asks name servers only, and `node:dns` asks for a net
 * permission as wide as the name's possible addresses and prints a deprecation warning in the embedded runtime.
 *
 * @module
 */
import { OperationError } from "../../core/error.ts";
import { equalAddress, type IpAddress, parseAddress, unmapAddress } from "../../core/net/address.ts";
// The first and the last are the same on macOS.
import { AF_INET, AF_INET6, SOCK_DGRAM } from "../libc/constants_linux.ts";
import { cString, openLibc, pick, POSIX } from "../libc/libc.ts";
import { platform } from "../platform.ts";
import { darwinAddressInfo } from "./resolve_darwin.ts";

/**
 * What differs between the systems in the answer of `getaddrinfo` (netdb.h).
 *
 * struct addrinfo is 48 bytes on both: flags i32 at 0, family i32 at 4, socket type i32 at 8, protocol i32 at 12,
 * address length u32 at 16, then three pointers at 24, 32 and 40, of which the last is the next entry. Which of the
 * others is the address differs. The address itself, network order, is at 4 in sockaddr_in (16 bytes) and at 8 in
 * sockaddr_in6 (28 bytes) on both; the latter has the scope id, u32 in host order, at 24.
 */
interface AddressInfoLayout {
  /** Offset of the pointer to the socket address. */
  readonly addressPointer: number;
  /** AF_INET6. */
  readonly inet6: number;
  /** What an EAI_* number means; a number that is absent is an inner error of the resolver. */
  readonly faults: Readonly<Record<number, keyof typeof WORDING>>;
}

// Opened once: each opening takes 15 kB, which only a late garbage collection gives back.
const { getaddrinfo, freeaddrinfo } = openLibc(pick(POSIX, "getaddrinfo", "freeaddrinfo")).symbols;

const ADDRINFO_LENGTH = 48;
const NEXT_POINTER = 40;

/** glibc (resolv/netdb.h): the address comes before the canonical name. */
export const linuxAddressInfo: AddressInfoLayout = {
  addressPointer: 24,
  inet6: AF_INET6,
  faults: {
    [-2]: "not known", // EAI_NONAME
    [-3]: "no answer", // EAI_AGAIN
    [-4]: "refused", // EAI_FAIL
    [-5]: "not known", // EAI_NODATA
    [-9]: "not known", // EAI_ADDRFAMILY
  },
};

/** The state that is told of a fault, and the remedy. */
const WORDING = {
  "not known": ["not known", "Check its spelling, or give its IP address"],
  "no answer": [
    "no name server answers",
    "Check the network connection and the name servers, or give its IP address",
  ],
  "refused": ["the name server refuses", "Check its spelling and the name servers, or give its IP address"],
} as const;

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
  if (host.includes("\0")) throw resolveError(host, WORDING["not known"]);
  const layout: AddressInfoLayout = platform.os === "darwin" ? darwinAddressInfo : linuxAddressInfo;
  const name = cString(host);
  const hints = new Int32Array(ADDRINFO_LENGTH / Int32Array.BYTES_PER_ELEMENT);
  // One entry for each address instead of one for each socket type.
  hints[2] = SOCK_DGRAM;
  const result = new BigUint64Array(1);
  const memory = [name, hints, result];
  using resources = new DisposableStack();
  pending.add(memory);
  resources.defer(() => pending.delete(memory));
  const code = await getaddrinfo(name, null, hints, result);
  const fault = layout.faults[code];
  if (fault !== undefined) throw resolveError(host, WORDING[fault]);
  if (code !== 0) throw resolveError(host, [`resolver error ${code}`, "Give its IP address instead"]);
  const list = Deno.UnsafePointer.create(result[0]);
  resources.defer(() => freeaddrinfo(list));
  const addresses = readAddressInfo(list, layout);
  if (addresses.length === 0) throw resolveError(host, WORDING["not known"]);
  return addresses;
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

function resolveError(host: string, [state, remedy]: readonly [string, string]): OperationError {
  const name = JSON.stringify(host).slice(1, -1);
  return new OperationError("unavailable", `Cannot resolve host ${name}: ${state}`, remedy);
}
