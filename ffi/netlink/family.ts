/**
 * IP addresses as the kernel's attributes have them.
 *
 * @module
 */

import type { IpAddress } from "../../core/net/address.ts";
import { AF_INET, AF_INET6 } from "../libc/constants_linux.ts";

/** The kernel's number of an address's family. */
export function familyNumber(family: 4 | 6): number {
  return family === 4 ? AF_INET : AF_INET6;
}

/** The family of the kernel's number; undefined for one that is not IP. */
export function familyOf(number: number): 4 | 6 | undefined {
  if (number === AF_INET) return 4;
  return number === AF_INET6 ? 6 : undefined;
}

/** Bytes of an address. */
export function addressLength(family: 4 | 6): number {
  return family === 4 ? 4 : 16;
}

/** Bits of an address. */
export function addressBits(family: 4 | 6): number {
  return addressLength(family) * 8;
}

/** The address in an attribute's value; undefined when it is absent or has another family's size. */
export function readAddress(family: 4 | 6, value: Uint8Array | undefined): IpAddress | undefined {
  return value?.length === addressLength(family) ? { family, bytes: value.slice() } : undefined;
}
