/**
 * `getaddrinfo` of macOS (netdb.h, after KAME): the canonical name comes before the address, whose structure starts with a length
 * byte.
 */
export const darwinAddressInfo = {
  addressPointer: 32,
  inet6: 30,
  faults: {
    1: "not known", // EAI_ADDRFAMILY
    2: "no answer", // EAI_AGAIN
    4: "refused", // EAI_FAIL
    7: "not known", // EAI_NODATA
    8: "not known", // EAI_NONAME
  },
} as const;
