/**
 * Rules of policy routing through rtnetlink. The messages carry struct fib_rule_hdr, 12 bytes {family u8, destination length
 * u8, source length u8, tos u8, table u8, reserved u8, reserved u8, action u8, flags u32} (include/uapi/linux/fib_rules.h).
 *
 * @module
 */
import { FRA, RTM } from "./constants.ts";
import * as message from "./message.ts";
import type { NetlinkSocket } from "./socket.ts";

const RULE_LENGTH = 12;

/** A rule, by which the kernel chooses a table. */
export interface KernelRule {
  /** The rule of the lowest priority is asked first. */
  readonly priority: number;
  /** The table; 0 for a rule that names none, such as one that refuses. */
  readonly table: number;
}

/** The rules of a family in the order of their priorities. */
export function listRules(socket: NetlinkSocket, family: 4 | 6): KernelRule[] {
  const body = new Uint8Array(RULE_LENGTH);
  body[0] = message.familyNumber(family);
  return socket.dump("RTM_GETRULE", { type: RTM.GETRULE, body })
    .filter(({ type, payload }) => type === RTM.NEWRULE && message.familyOf(payload[0] ?? 0) === family)
    .map(parseRule)
    .sort((a, b) => a.priority - b.priority);
}

/**
 * A rule out of an RTM_NEWRULE.
 *
 * @throws {RangeError} when the message is malformed
 */
export function parseRule({ payload }: message.Message): KernelRule {
  const { body, attributes } = message.splitPayload(payload, RULE_LENGTH);
  return {
    // The first one, which the kernel makes itself, comes without.
    priority: message.uint32Value(attributes.get(FRA.PRIORITY)) ?? 0,
    table: message.uint32Value(attributes.get(FRA.TABLE)) ?? body.getUint8(4),
  };
}
