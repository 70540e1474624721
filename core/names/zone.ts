import type { Container } from "../docker/container.ts";
import { formatAddress, type IpAddress } from "../net/address.ts";
import { namesOf, Rank } from "./container_names.ts";
import { AddressRecords, authoritySections, nameServerSections, type Sections } from "./records.ts";

/** What a zone is made from beside the containers. */
export interface ZoneSettings {
  /** The domain in lower case. */
  readonly domain: string;
  /** The desktop's virtual addresses, as containers reach it. */
  readonly desktop: readonly IpAddress[];
  /** Whether IPv6 addresses lead to containers. */
  readonly hasIpv6: boolean;
  /** Whether who asks reaches an address of a container. */
  readonly isReached: (address: IpAddress) => boolean;
  /** Whether containers of which no address is reached have no names. */
  readonly hidesUnreached: boolean;
  /** A number that grows with each change. */
  readonly serial: number;
}

/** The records of a name. */
export interface NameEntry {
  /** Its A records. */
  readonly a: AddressRecords;
  /** Its AAAA records. */
  readonly aaaa: AddressRecords;
  /** Whether names of digits below it stand for single containers, so that others of that kind do not exist. */
  readonly hasReplicas: boolean;
}

/** All names of a moment. */
export interface Zone {
  /** The domain in lower case. */
  readonly domain: string;
  /** By the full name in lower case. */
  readonly names: ReadonlyMap<string, NameEntry>;
  /** Names that have others below them and no records. */
  readonly parents: ReadonlySet<string>;
  /** The name of each address, by the name of its PTR record, such as "2.0.17.172.in-addr.arpa". */
  readonly pointers: ReadonlyMap<string, string>;
  /** The SOA record of the domain, as an answer. */
  readonly soa: Sections;
  /** Its NS record. */
  readonly ns: Sections;
  /** The SOA record as the sign that something is not there. */
  readonly authority: Sections;
  /** Names of labels that are not below the domain, ordered. */
  readonly otherDomains: readonly string[];
}

/** Names outside the domain that are answered for: the system's resolver is told of each. */
const MAX_OTHER_DOMAINS = 256;

interface Claim {
  rank: number;
  readonly addresses: Map<string, IpAddress>;
}

/** Builds the zone of the running containers. Containers that are told first come first in the answers. */
export function buildZone(containers: readonly Container[], settings: ZoneSettings): Zone {
  const { domain, desktop, hasIpv6, isReached, hidesUnreached, serial } = settings;
  const server = `desktop.${domain}`;
  const claims = new Map<string, Claim>();
  const pointers = new Map<string, string>();
  claim(claims, server, Rank.desktop, desktop);
  for (const address of desktop) pointers.set(reverseName(address), server);
  const replicated = new Set<string>();
  const others = new Set<string>();
  for (const container of containers) {
    const addresses = addressesOf(container, hasIpv6).filter(isReached);
    if (hidesUnreached && addresses.length === 0) continue;
    const names = namesOf(container, domain);
    for (const { name, rank } of names) {
      const isOther = !name.endsWith(`.${domain}`);
      if (isOther && !others.has(name) && others.size >= MAX_OTHER_DOMAINS) continue;
      if (isOther) others.add(name);
      if (rank === Rank.replica) replicated.add(parentOf(name));
      claim(claims, name, rank, addresses);
    }
    const [first] = names;
    // Without a name of its own a container has no PTR record.
    if (first === undefined) continue;
    for (const address of addresses) {
      const reverse = reverseName(address);
      if (!pointers.has(reverse)) pointers.set(reverse, first.name);
    }
  }
  const names = new Map<string, NameEntry>();
  const parents = new Set<string>();
  for (const [name, { addresses }] of claims) {
    const all = [...addresses.values()];
    names.set(name, {
      a: new AddressRecords(all.filter(({ family }) => family === 4)),
      aaaa: new AddressRecords(all.filter(({ family }) => family === 6)),
      hasReplicas: replicated.has(name),
    });
    for (let above = parentOf(name); above.endsWith(`.${domain}`); above = parentOf(above)) {
      parents.add(above);
    }
  }
  const authority = (isAnswer: boolean) => authoritySections(domain, server, serial, isAnswer);
  return {
    ...{ domain, names, parents, pointers, ns: nameServerSections(server) },
    ...{ soa: authority(true), authority: authority(false), otherDomains: [...others].sort() },
  };
}

/** The addresses of a container on all its networks. */
export function addressesOf({ networks }: Container, hasIpv6: boolean): IpAddress[] {
  return networks.flatMap(({ address4, address6 }) =>
    [address4, hasIpv6 ? address6 : undefined].filter((address) => address !== undefined)
  );
}

/** Gives a name its addresses, unless a name of a lower rank has it already; one of a higher rank loses it. */
function claim(
  claims: Map<string, Claim>,
  name: string,
  rank: number,
  addresses: readonly IpAddress[],
): void {
  let claimed = claims.get(name);
  if (claimed !== undefined && claimed.rank < rank) return;
  if (claimed === undefined || claimed.rank > rank) {
    claimed = { rank, addresses: new Map() };
    claims.set(name, claimed);
  }
  for (const address of addresses) claimed.addresses.set(formatAddress(address), address);
}

/** A name without its first label; empty for one label. */
export function parentOf(name: string): string {
  const dot = name.indexOf(".");
  return dot < 0 ? "" : name.slice(dot + 1);
}

/** The name of an address's PTR record (RFC 1035 section 3.5, RFC 3596 section 2.5). */
export function reverseName({ family, bytes }: IpAddress): string {
  if (family === 4) return `${[...bytes].reverse().join(".")}.in-addr.arpa`;
  const digits = [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);
  return `${digits.reverse().map((digit) => digit.toString(16)).join(".")}.ip6.arpa`;
}
