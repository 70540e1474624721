/**
 * A netlink socket for route configuration: requests with an acknowledgement, batches of them, and dumps.
 *
 * Calls are synchronous: the kernel works on a request inside `send`, so the answer waits in the receive queue
 * before `send` returns. The receive timeout is there for a kernel that drops an answer.
 *
 * @module
 */

import { errno } from "../libc/errno.ts";
import { SystemError } from "../libc/system_error.ts";
import { NETLINK, type NetlinkProtocol, NLM_F, NLMSG } from "./constants.ts";
import { encodeMessage, type Message, type NetlinkRequest, parseMessages } from "./message.ts";
import { type NetlinkTransport, openNetlinkTransport } from "./transport.ts";

/**
 * Requests per send. Each acknowledgement takes about 0.8 KiB of the receive queue, whose default is 208 KiB
 * (net.core.rmem_default); past it the kernel would drop acknowledgements.
 */
const BATCH_LENGTH = 128;

/** How often a dump is repeated that a concurrent change has made inconsistent. */
const DUMP_ATTEMPTS = 8;

/** A dump that a concurrent change of the table interrupted. */
class InterruptedDump extends Error {}

/** One netlink socket, of route configuration unless another protocol is asked for. It must be closed. */
export class NetlinkSocket implements Disposable {
  readonly #transport: NetlinkTransport;
  #sequence = 0;

  /** @param transport where the datagrams go; closed with the socket */
  constructor(transport: NetlinkTransport) {
    this.#transport = transport;
  }

  /**
   * Opens a socket in the calling thread's network namespace. Needs no privilege; changing something does.
   *
   * @throws {SystemError} when the kernel refuses
   */
  static open(protocol: NetlinkProtocol = NETLINK.ROUTE): NetlinkSocket {
    return new NetlinkSocket(openNetlinkTransport(protocol));
  }

  /**
   * Carries out one change and waits for its acknowledgement.
   *
   * @param call what the request does, for the message
   * @throws {SystemError} when the kernel refuses
   */
  request(call: string, request: NetlinkRequest): void {
    const [error] = this.requestAll(call, [request]);
    if (error !== undefined) throw error;
  }

  /**
   * Carries out many changes, one after the other, several to a system call.
   *
   * @returns for each request in order the kernel's refusal, or undefined where it was carried out
   * @throws {SystemError} when the socket itself fails; how many requests were carried out is then unknown
   */
  requestAll(call: string, requests: readonly NetlinkRequest[]): (SystemError | undefined)[] {
    const outcomes: (SystemError | undefined)[] = [];
    for (let at = 0; at < requests.length; at += BATCH_LENGTH) {
      outcomes.push(...this.#requestBatch(call, requests.slice(at, at + BATCH_LENGTH)));
    }
    return outcomes;
  }

  #requestBatch(call: string, requests: readonly NetlinkRequest[]): (SystemError | undefined)[] {
    const first = this.#sequence + 1;
    this.#send(requests.map((request) => encodeMessage(request, NLM_F.REQUEST | NLM_F.ACK, this.#next())));
    const outcomes = new Array<SystemError | undefined>(requests.length);
    const answered = new Set<number>();
    while (answered.size < requests.length) {
      for (const message of this.#receive()) {
        // An answer outside the batch belongs to an earlier request that ran into the timeout.
        const index = message.sequence - first;
        if (message.type !== NLMSG.ERROR || index < 0 || index >= requests.length) continue;
        const code = errorCode(message);
        outcomes[index] = code === 0 ? undefined : new SystemError(call, code);
        answered.add(index);
      }
    }
    return outcomes;
  }

  /**
   * Asks for one object.
   *
   * @throws {SystemError} when the kernel has none or refuses
   */
  get(call: string, request: NetlinkRequest): Message {
    const sequence = this.#next();
    this.#send([encodeMessage(request, NLM_F.REQUEST, sequence)]);
    for (;;) {
      for (const message of this.#receive()) {
        if (message.sequence !== sequence) continue;
        if (message.type === NLMSG.ERROR) throw new SystemError(call, errorCode(message));
        return { ...message, payload: message.payload.slice() };
      }
    }
  }

  /**
   * Asks for all objects of a kind. A dump that a concurrent change made inconsistent is repeated.
   *
   * @throws {SystemError} when the kernel refuses, or with EAGAIN when every repetition was interrupted too
   */
  dump(call: string, request: NetlinkRequest): Message[] {
    for (let attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
      try {
        return this.#dumpOnce(call, request);
      } catch (error) {
        if (!(error instanceof InterruptedDump)) throw error;
      }
    }
    throw new SystemError(call, errno.EAGAIN, `after ${DUMP_ATTEMPTS} interrupted dumps`);
  }

  #dumpOnce(call: string, request: NetlinkRequest): Message[] {
    const sequence = this.#next();
    this.#send([encodeMessage(request, NLM_F.REQUEST | NLM_F.DUMP, sequence)]);
    const found: Message[] = [];
    let interrupted = false;
    for (;;) {
      for (const message of this.#receive()) {
        if (message.sequence !== sequence) continue;
        if ((message.flags & NLM_F.DUMP_INTR) !== 0) interrupted = true;
        switch (message.type) {
          case NLMSG.NOOP:
            break;
          case NLMSG.OVERRUN:
            interrupted = true;
            break;
          case NLMSG.ERROR:
            throw new SystemError(call, errorCode(message));
          case NLMSG.DONE: {
            // Since Linux 4.16 the end carries the dump's own result, 0 or a negative error number.
            const code = message.payload.length >= 4 ? errorCode(message) : 0;
            if (code !== 0) throw new SystemError(call, code);
            if (interrupted) throw new InterruptedDump();
            return found;
          }
          default:
            found.push({ ...message, payload: message.payload.slice() });
        }
      }
    }
  }

  #next(): number {
    this.#sequence = (this.#sequence + 1) >>> 0;
    return this.#sequence;
  }

  #send(messages: readonly Uint8Array<ArrayBuffer>[]): void {
    const bytes = new Uint8Array(messages.reduce((length, message) => length + message.length, 0));
    let at = 0;
    for (const message of messages) {
      bytes.set(message, at);
      at += message.length;
    }
    this.#transport.send(bytes);
  }

  /** The messages of the next datagram; they point into the receive buffer and hold until the next call. */
  #receive(): Message[] {
    return parseMessages(this.#transport.receive());
  }

  /** Closes the socket; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#transport[Symbol.dispose]();
  }
}

/** The error number in an NLMSG_ERROR or NLMSG_DONE, positive; 0 for success. */
function errorCode(message: Message): number {
  const { payload } = message;
  if (payload.length < 4) {
    throw new RangeError(`netlink error message of ${payload.length} bytes has no code`);
  }
  return Math.abs(new DataView(payload.buffer, payload.byteOffset, 4).getInt32(0, true));
}
