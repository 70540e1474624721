/**
 * `getaddrinfo` of glibc (resolv/netdb.h).
 *
 * @module
 */

import type { AddressInfoLayout } from "./resolve_layout.ts";

/** The address comes before the canonical name. */
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
