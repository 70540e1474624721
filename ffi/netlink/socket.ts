import { errno, SystemError } from "../libc/errno.ts";
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

/**
 * One netlink socket, of route configuration unless another protocol is asked for: requests with an acknowledgement, batches of
 * them, and dumps. It must be closed.
 *
 * Calls are synchronous: the kernel works on a request inside `send`, so the answer waits in the receive queue
 * before `send` returns. The receive timeout is there for a kernel that drops an answer.
 */
export class NetlinkSocket implements Disposable {
  #sequence = 0;

  /** @param transport where the datagrams go; closed with the socket */
  constructor(private readonly transport: NetlinkTransport) {}

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
    const messages = requests.map((request) =>
      encodeMessage(request, NLM_F.REQUEST | NLM_F.ACK, this.#next())
    );
    const datagram = new Uint8Array(messages.reduce((length, message) => length + message.length, 0));
    let at = 0;
    for (const message of messages) {
      datagram.set(message, at);
      at += message.length;
    }
    this.transport.send(datagram);
    const outcomes = new Array<SystemError | undefined>(requests.length);
    const answered = new Set<number>();
    while (answered.size < requests.length) {
      for (const message of parseMessages(this.transport.receive())) {
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
    return this.#ask(call, request, NLM_F.REQUEST).next().value;
  }

  /**
   * Asks for all objects of a kind. A dump that a concurrent change made inconsistent is repeated.
   *
   * @throws {SystemError} when the kernel refuses, or with EAGAIN when every repetition was interrupted too
   */
  dump(call: string, request: NetlinkRequest): Message[] {
    for (let attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
      const found = this.#dumpOnce(call, request);
      if (found !== undefined) return found;
    }
    throw new SystemError(call, errno.EAGAIN, `after ${DUMP_ATTEMPTS} interrupted dumps`);
  }

  /** Undefined when a concurrent change of the table interrupted it. */
  #dumpOnce(call: string, request: NetlinkRequest): Message[] | undefined {
    const found: Message[] = [];
    let interrupted = false;
    for (const message of this.#ask(call, request, NLM_F.REQUEST | NLM_F.DUMP)) {
      const { type, flags, payload } = message;
      if ((flags & NLM_F.DUMP_INTR) !== 0 || type === NLMSG.OVERRUN) interrupted = true;
      if (type === NLMSG.DONE) {
        // Since Linux 4.16 the end carries the dump's own result, 0 or a negative error number.
        const code = payload.length >= 4 ? errorCode(message) : 0;
        if (code !== 0) throw new SystemError(call, code);
        break;
      }
      if (type !== NLMSG.NOOP && type !== NLMSG.OVERRUN) found.push(message);
    }
    return interrupted ? undefined : found;
  }

  /** Sends a request, and gives what answers it, datagram after datagram. */
  *#ask(call: string, request: NetlinkRequest, flags: number): Generator<Message, never> {
    const sequence = this.#next();
    this.transport.send(encodeMessage(request, flags, sequence));
    for (;;) {
      for (const message of parseMessages(this.transport.receive())) {
        if (message.sequence !== sequence) continue;
        if (message.type === NLMSG.ERROR) throw new SystemError(call, errorCode(message));
        // It points into the receive buffer, and would hold until the next datagram only.
        yield { ...message, payload: message.payload.slice() };
      }
    }
  }

  #next(): number {
    return this.#sequence = (this.#sequence + 1) >>> 0;
  }

  [Symbol.dispose](): void {
    this.transport[Symbol.dispose]();
  }
}

/** The error number in an NLMSG_ERROR or NLMSG_DONE, positive; 0 for success. */
function errorCode({ payload }: Message): number {
  if (payload.length < 4) {
    throw new RangeError(`netlink error message of ${payload.length} bytes has no code`);
  }
  return Math.abs(new DataView(payload.buffer, payload.byteOffset, 4).getInt32(0, true));
}
