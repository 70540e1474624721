import { errno, SystemError } from "../libc/errno.ts";
import { NETLINK } from "./constants.ts";
import { type NetlinkRequest, splitPayload, stringAttribute } from "./message.ts";
import { NetlinkSocket } from "./socket.ts";

const NFGENMSG_LENGTH = 4;
/** NFNL_SUBSYS_NFTABLES: the upper byte of a message's type. */
const SUBSYSTEM = 10 << 8;
/** NFT_MSG_GETTABLE and NFT_MSG_GETGEN: the lower byte. */
const GETTABLE = SUBSYSTEM | 1;
const GETGEN = SUBSYSTEM | 16;
/** NFTA_TABLE_NAME and NFTA_GEN_ID. */
const TABLE_NAME = 1;
const GEN_ID = 1;
/** NFPROTO_UNSPEC and NFPROTO_IPV4 (include/uapi/linux/netfilter.h). */
const UNSPECIFIED = 0;
const IPV4 = 2;

/**
 * A socket that asks nf_tables of itself. It must be closed. Messages of the subsystem carry struct nfgenmsg, 4 bytes {family u8,
 * version u8, resource u16}; attributes are big endian (include/uapi/linux/netfilter/nfnetlink.h, nf_tables.h).
 */
export class Nftables implements Disposable {
  readonly #socket = NetlinkSocket.open(NETLINK.NETFILTER);

  /**
   * Opens a socket in the calling thread's network namespace.
   *
   * @returns undefined where the kernel has no such sockets
   * @throws {SystemError} when the kernel refuses for another reason
   */
  static open(): Nftables | undefined {
    try {
      return new Nftables();
    } catch (error) {
      if (error instanceof SystemError && error.errno === errno.EPROTONOSUPPORT) return undefined;
      throw error;
    }
  }

  /**
   * The number of the rule set's generation, which every change of any table raises.
   *
   * @returns undefined where the kernel does not tell: without nf_tables, or without CAP_NET_ADMIN
   */
  generation(): number | undefined {
    const message = this.#ask("NFT_MSG_GETGEN", { type: GETGEN, body: body(UNSPECIFIED) });
    const value = message && splitPayload(message.payload, NFGENMSG_LENGTH).attributes.get(GEN_ID);
    if (value === undefined || value.length < 4) return undefined;
    return new DataView(value.buffer, value.byteOffset, 4).getUint32(0);
  }

  /** Whether there is an IPv4 table of that name; false where the kernel does not tell. */
  hasTable(name: string): boolean {
    const attributes = [stringAttribute(TABLE_NAME, name)];
    return this.#ask("NFT_MSG_GETTABLE", { type: GETTABLE, body: body(IPV4), attributes }) !== undefined;
  }

  #ask(call: string, request: NetlinkRequest) {
    try {
      return this.#socket.get(call, request);
    } catch (error) {
      // The reasons differ by kernel: EINVAL without the subsystem, ENOENT without the table, EPERM without privilege.
      if (error instanceof SystemError && error.errno !== errno.ETIMEDOUT) return undefined;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }
}

function body(family: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(family, 0, 0, 0);
}
