/**
 * Datagrams of rtnetlink: links, addresses and routes, as the kernel lists them.
 *
 * @module
 */
import assert from "node:assert/strict";
import { formatPrefix } from "../../../core/net/prefix.ts";
import { parseAddressMessage } from "../../../ffi/netlink/address.ts";
import { parseLink } from "../../../ffi/netlink/link.ts";
import { type Message, parseMessages } from "../../../ffi/netlink/message.ts";
import { parseRoute } from "../../../ffi/netlink/route.ts";
import type { Target } from "../target.ts";

const READERS: readonly ((message: Message) => unknown)[] = [
  parseLink,
  parseAddressMessage,
  (message) => {
    const route = parseRoute(message);
    if (route === undefined) return;
    const { address, length } = route.prefix;
    assert.ok(length <= address.bytes.length * 8, `a prefix of ${length} bits`);
    formatPrefix(route.prefix);
  },
];

/** A malformed message is a RangeError, and nothing else. */
function orRangeError<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

export const netlinkMessages: Target = {
  name: "netlink-messages",
  kind: "datagrams",
  modules: [
    "ffi/netlink/address.ts",
    "ffi/netlink/link.ts",
    "ffi/netlink/message.ts",
    "ffi/netlink/route.ts",
  ],
  share: 1,
  open: () => ({
    take(input) {
      for (const message of orRangeError(() => parseMessages(input)) ?? []) {
        for (const read of READERS) orRangeError(() => read(message));
      }
    },
  }),
};
