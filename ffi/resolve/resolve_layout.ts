/**
 * What differs between the systems in the answer of `getaddrinfo` (netdb.h).
 *
 * struct addrinfo is 48 bytes on both: flags i32 at 0, family i32 at 4, socket type i32 at 8, protocol i32 at 12,
 * address length u32 at 16, then three pointers at 24, 32 and 40, of which the last is the next entry. Which of the
 * others is the address differs. The address itself, network order, is at 4 in sockaddr_in (16 bytes) and at 8 in
 * sockaddr_in6 (28 bytes) on both; the latter has the scope id, u32 in host order, at 24.
 *
 * @module
 */

/** Why a name has no address. */
export type ResolveFault = "not known" | "no answer" | "refused";

/** One system's layout and numbers. */
export interface AddressInfoLayout {
  /** Offset of the pointer to the socket address. */
  readonly addressPointer: number;
  /** AF_INET6; AF_INET is 2 on both. */
  readonly inet6: number;
  /** What an EAI_* number means; a number that is absent is an inner error of the resolver. */
  readonly faults: Readonly<Record<number, ResolveFault>>;
}

/** glibc (resolv/netdb.h): the address comes before the canonical name. */
export const linuxAddressInfo: AddressInfoLayout = {
  addressPointer: 24,
  inet6: 10,
  faults: {
    [-2]: "not known", // EAI_NONAME
    [-3]: "no answer", // EAI_AGAIN
    [-4]: "refused", // EAI_FAIL
    [-5]: "not known", // EAI_NODATA
    [-9]: "not known", // EAI_ADDRFAMILY
  },
};
