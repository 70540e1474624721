import { IOVEC_SIZE } from "../../core/memory/arena.ts";
import { MSG_DONTWAIT } from "../libc/constants_darwin.ts";
import { darwinErrno } from "../libc/errno_darwin.ts";
import { setNonblocking } from "../libc/descriptor_darwin.ts";
import { MSGHDR_X } from "../libc/layout_darwin.ts";
import type { DarwinLibc, DarwinSystem } from "../libc/libc_darwin.ts";
import type { PacketMemory } from "../libc/packet_memory.ts";
import { batchSafety, darwinRelease } from "../libc/release_darwin.ts";

/**
 * Messages of one descriptor in one direction: an array of `struct msghdr_x`, and the calls that pass it to the kernel,
 * `recvmsg_x` and `sendmsg_x` for many messages at once where the release is sound, else `recvmsg` and `sendmsg` for one after the
 * other. Those take the same memory, because a msghdr_x begins with a msghdr, so the code that prepares messages does not depend on
 * the call. The batch calls are no public API. When one refuses what the plain call then accepts, it is not used again.
 *
 * No two batches receive from the same descriptor. No method throws or allocates.
 */
export class MessageBatch {
  /** The errno of the last call that failed. */
  failure = 0;
  /** The last failed {@linkcode send} may have sent some of its messages; their number is unknown. */
  mayHaveSent = false;
  readonly #memory: PacketMemory;
  readonly #system: DarwinSystem;
  readonly #libc: DarwinLibc;
  readonly #headers: number;
  readonly #iovecs: number;
  readonly #iovecsSize: number;
  readonly #pointers: Deno.PointerValue[];
  /** The batch calls, null where they are not to be used. */
  #receiveMany: DarwinLibc["recvmsg_x"];
  readonly #receiveFlags: number;
  #sendMany: DarwinLibc["sendmsg_x"];
  /** Whether the system is known to have the call that sends a batch. */
  #isSendKnown = false;

  /**
   * @param capacity messages at most; the kernel takes up to 256 in a call
   * @param iovecsPerMessage equal for all: the kernel's reuse of its own state from message to message is only safe then
   */
  constructor(
    memory: PacketMemory,
    readonly descriptor: number,
    readonly capacity: number,
    iovecsPerMessage: number,
    system: DarwinSystem,
  ) {
    this.#memory = memory;
    this.#system = system;
    this.#libc = system.libc;
    this.#headers = memory.arena.allocate(capacity * MSGHDR_X.size, 64);
    this.#iovecsSize = iovecsPerMessage * IOVEC_SIZE;
    this.#iovecs = memory.arena.allocate(capacity * this.#iovecsSize, 16);
    this.#pointers = Array.from({ length: capacity }, (_, index) => memory.pointer(this.#header(index)));
    for (let index = 0; index < capacity; index++) {
      this.setIovecs(index, this.iovecs(index));
      memory.arena.u32[(this.#header(index) + MSGHDR_X.iovLength) >> 2] = iovecsPerMessage;
    }
    const safety = batchSafety(darwinRelease(system));
    // The owner of a batch is the descriptor's only reader. That it never waits is asked for once more, for certainty.
    const mayReceive = safety === "freely" || (safety === "alone" && setNonblocking(system.libc, descriptor));
    this.#receiveMany = mayReceive ? system.libc.recvmsg_x : null;
    this.#receiveFlags = safety === "freely" ? MSG_DONTWAIT : 0;
    this.#sendMany = safety === "never" ? null : system.libc.sendmsg_x;
  }

  #header(index: number): number {
    return this.#headers + index * MSGHDR_X.size;
  }

  /** Byte offset of the iovecs that message `index` has unless {@linkcode setIovecs} gives it others. */
  iovecs(index: number): number {
    return this.#iovecs + index * this.#iovecsSize;
  }

  /** Lets message `index` carry or fill the iovecs at byte offset `iovecs`. */
  setIovecs(index: number, iovecs: number): void {
    this.#memory.arena.writeAddress(this.#header(index) + MSGHDR_X.iov, iovecs);
  }

  /** Names the socket address at byte offset `address` as the one that message `index` goes to or comes from. */
  setName(index: number, address: number, length: number): void {
    this.#memory.arena.writeAddress(this.#header(index) + MSGHDR_X.name, address);
    this.#memory.arena.u32[(this.#header(index) + MSGHDR_X.nameLength) >> 2] = length;
  }

  /** Bytes that the last receive put into message `index`. */
  length(index: number): number {
    return this.#memory.arena.u32[(this.#header(index) + MSGHDR_X.dataLength) >> 2];
  }

  /** The flags that the last receive gave message `index`. */
  flags(index: number): number {
    return this.#memory.arena.u32[(this.#header(index) + MSGHDR_X.flags) >> 2];
  }

  /**
   * Receives into the messages from `first` on, `count` at most, without waiting.
   *
   * @param nameCapacity bytes that each message has for its sender's address
   * @returns how many came, or -1 with {@linkcode failure} set
   */
  receive(first: number, count: number, nameCapacity: number): number {
    this.#rearm(first, count, nameCapacity);
    if (this.#receiveMany !== null) {
      const taken = this.#receiveMany(this.descriptor, this.#pointers[first], count, this.#receiveFlags);
      if (taken >= 0) return taken;
      this.failure = this.#system.errno();
      if (!refusesTheCall(this.failure)) return -1;
      this.#receiveMany = null;
    }
    return this.#receiveSingly(first, count);
  }

  #receiveSingly(first: number, count: number): number {
    for (let taken = 0; taken < count; taken++) {
      const length = this.#libc.recvmsg(this.descriptor, this.#pointers[first + taken], MSG_DONTWAIT);
      if (length < 0) {
        this.failure = this.#system.errno();
        return taken > 0 ? taken : -1;
      }
      this.#memory.arena.u32[(this.#header(first + taken) + MSGHDR_X.dataLength) >> 2] = length;
    }
    return count;
  }

  /** Puts back what the kernel overwrote in earlier receives; it also refuses flags that are not 0. */
  #rearm(first: number, count: number, nameCapacity: number): void {
    const { u32 } = this.#memory.arena;
    for (let index = first; index < first + count; index++) {
      const header = this.#header(index);
      u32[(header + MSGHDR_X.nameLength) >> 2] = nameCapacity;
      u32[(header + MSGHDR_X.controlLength) >> 2] = 0;
      u32[(header + MSGHDR_X.flags) >> 2] = 0;
    }
  }

  /**
   * Sends the messages from `first` on, `count` at most. The first call of all sends one message only, so that a system that
   * does not have the batch call is asked again by the plain one without sending anything twice.
   *
   * When xnu (11417.101.15, bsd/kern/uipc_syscalls.c, sendmsg_x) fails after some messages, it returns their number for a few
   * errors only; see {@linkcode mayHaveSent} for the others. On a connected socket the number also stands for messages that
   * were not sent, where another thread was just sending (sosend_list in bsd/kern/uipc_socket.c): they are lost unnoticed.
   *
   * @returns how many the kernel took, at least one, or -1 with {@linkcode failure} set: message `first` was refused, or, with
   *   {@linkcode mayHaveSent}, any of them
   */
  send(first: number, count: number): number {
    this.mayHaveSent = false;
    if (this.#sendMany === null) return this.#sendOne(first);
    const tried = this.#isSendKnown ? count : 1;
    const sent = this.#sendMany(this.descriptor, this.#pointers[first], tried, MSG_DONTWAIT);
    if (sent > 0) {
      this.#isSendKnown = true;
      return sent;
    }
    this.failure = sent < 0 ? this.#system.errno() : darwinErrno.EAGAIN;
    if (this.#isSendKnown || !refusesTheCall(this.failure)) {
      this.#isSendKnown = true;
      this.mayHaveSent = tried > 1 && !tellsTheCount(this.failure);
      return -1;
    }
    const alone = this.#sendOne(first);
    if (alone > 0) this.#sendMany = null;
    return alone;
  }

  #sendOne(index: number): number {
    if (this.#libc.sendmsg(this.descriptor, this.#pointers[index], MSG_DONTWAIT) >= 0) return 1;
    this.failure = this.#system.errno();
    return -1;
  }
}

/** Whether an error may mean that the system does not have the call, or not in this form. */
function refusesTheCall(number: number): boolean {
  return number === darwinErrno.EINVAL || number === darwinErrno.ENOSYS || number === darwinErrno.ENOTSUP ||
    number === darwinErrno.EOPNOTSUPP;
}

/** Whether sendmsg_x would have returned a number for this error, had it sent any message before. */
function tellsTheCount(number: number): boolean {
  return number === darwinErrno.EINTR || number === darwinErrno.EAGAIN || number === darwinErrno.ENOBUFS ||
    number === darwinErrno.EMSGSIZE;
}
