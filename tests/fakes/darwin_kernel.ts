/**
 * Stands in for the macOS kernel behind `DarwinSystem`: sockets, kernel controls and message batches over a queue in and a
 * queue out. Its numbers are written here once more, so that a wrong one in `ffi/` does not find its like.
 *
 * @module
 */
import type { DarwinLibc, DarwinSystem } from "../../ffi/libc/libc_darwin.ts";
import type { PacketMemory } from "../../ffi/libc/packet_memory.ts";

const EINTR = 4;
const EBADF = 9;
const EINVAL = 22;
const EAGAIN = 35;
const EMSGSIZE = 40;
const ENOBUFS = 55;

/** A message that waits to be received, or was sent. */
export interface FakeMessage {
  readonly bytes: Uint8Array;
  /** The socket address it comes from or goes to; none: empty. */
  readonly address?: Uint8Array;
}

/** What the kernel is like. */
export interface FakeDarwinOptions {
  /** kern.osrelease. */
  readonly release?: string;
  /** Symbols that libSystem lacks. */
  readonly missing?: readonly ("__ioctl" | "ioctl" | "recvmsg_x" | "sendmsg_x")[];
  /** Largest socket buffer; more is refused. */
  readonly bufferCeiling?: number;
  /** The unit that the kernel chooses. */
  readonly freeUnit?: number;
  /** The value of net.systm.kctl.reg_list. */
  readonly controlList?: Uint8Array;
  /** Messages that a batch call takes at most. */
  readonly batchLimit?: number;
  /** The errno with which a message to an address cannot be sent; 0 or undefined: it can. */
  readonly refusal?: (message: FakeMessage) => number | undefined;
}

/** The state of one socket. */
export interface FakeSocket {
  readonly domain: number;
  readonly type: number;
  readonly protocol: number;
  /** "level:option" to value. */
  readonly options: Map<string, number>;
  closeOnExec: boolean;
  nonBlocking: boolean;
  bound?: Uint8Array;
  peer?: Uint8Array;
  closed: boolean;
}

/** One fake kernel with its sockets. */
export class FakeDarwinKernel implements DarwinSystem {
  /** Names of the calls so far, those that move messages with their count. */
  readonly calls: string[] = [];
  /** The flags that came with each batch that was received. */
  readonly batchFlags: number[] = [];
  readonly sockets = new Map<number, FakeSocket>();
  /** What the next receives bring. */
  readonly incoming: FakeMessage[] = [];
  /** What was sent. */
  readonly outgoing: FakeMessage[] = [];
  /** Errors of earlier datagrams that wait on the sockets (so_error); the next check of a send takes one. */
  readonly pendingErrors: number[] = [];
  readonly libc: DarwinLibc;
  /** Where message headers and iovecs lie. */
  memory: PacketMemory | undefined;
  readonly #options: FakeDarwinOptions;
  readonly #failures = new Map<string, number[]>();
  #errno = 0;

  constructor(options: FakeDarwinOptions = {}) {
    this.#options = options;
    this.libc = this.#library();
  }

  readonly errno = (): number => this.#errno;

  /** Lets the next calls of this name fail, one after the other. 0 lets one through. */
  failNext(call: string, ...numbers: number[]): void {
    this.#failures.set(call, [...(this.#failures.get(call) ?? []), ...numbers]);
  }

  /** The socket with this descriptor. */
  socket(descriptor: number): FakeSocket {
    const socket = this.sockets.get(descriptor);
    if (socket === undefined) throw new Error(`no socket ${descriptor}`);
    return socket;
  }

  #fail(number: number): -1 {
    this.#errno = number;
    return -1;
  }

  /** Notes the call; true when it is to fail. */
  #enter(call: string, detail = ""): boolean {
    this.calls.push(detail === "" ? call : `${call} ${detail}`);
    const number = this.#failures.get(call)?.shift() ?? 0;
    if (number !== 0) this.#fail(number);
    return number !== 0;
  }

  #library(): DarwinLibc {
    const missing = this.#options.missing ?? [];
    const batchLimit = this.#options.batchLimit ?? 256;
    return {
      close: (descriptor) => {
        if (this.#enter("close")) return -1;
        this.socket(descriptor).closed = true;
        return 0;
      },
      socket: (domain, type, protocol) => {
        if (this.#enter("socket")) return -1;
        const descriptor = 3 + this.sockets.size;
        const options = new Map([["65535:4097", 9216], ["65535:4098", 196_724]]);
        this.sockets.set(descriptor, {
          domain,
          type,
          protocol,
          options,
          closeOnExec: false,
          nonBlocking: false,
          closed: false,
        });
        return descriptor;
      },
      bind: (descriptor, address, length) => {
        if (this.#enter("bind")) return -1;
        this.socket(descriptor).bound = octets(address).slice(0, Number(length));
        return 0;
      },
      connect: (descriptor, address, length) => {
        if (this.#enter("connect")) return -1;
        const socket = this.socket(descriptor);
        const bytes = octets(address).slice(0, Number(length));
        if (bytes[0] !== bytes.length) return this.#fail(EINVAL);
        socket.peer = bytes;
        // Connecting a utun puts its number of pending packets back.
        if (socket.domain === 32) socket.options.set("2:16", 1);
        return 0;
      },
      getsockname: (descriptor, address, length) => {
        if (this.#enter("getsockname")) return -1;
        const bound = this.socket(descriptor).bound ?? new Uint8Array(16);
        octets(address).set(bound);
        words(length)[0] = bound.length;
        return 0;
      },
      getsockopt: (descriptor, level, option, value, length) => {
        if (this.#enter("getsockopt")) return -1;
        const socket = this.socket(descriptor);
        if (level !== 2) {
          words(value)[0] = socket.options.get(`${level}:${option}`) ?? 0;
          return 0;
        }
        if (option !== 2 || socket.peer === undefined) return this.#fail(EINVAL);
        const asked = new DataView(socket.peer.buffer).getUint32(8, true);
        const unit = asked === 0 ? this.#options.freeUnit ?? 4 : asked;
        const name = new TextEncoder().encode(`utun${unit - 1}\0`);
        octets(value).set(name);
        words(length)[0] = name.length;
        return 0;
      },
      setsockopt: (descriptor, level, option, value, length) => {
        if (this.#enter("setsockopt")) return -1;
        const number = words(value)[0] ?? 0;
        if (length !== 4) return this.#fail(EINVAL);
        const isBuffer = level === 0xffff && (option === 0x1001 || option === 0x1002);
        if (isBuffer && number > (this.#options.bufferCeiling ?? 8 << 20)) return this.#fail(ENOBUFS);
        this.socket(descriptor).options.set(`${level}:${option}`, number);
        return 0;
      },
      sendto: (_descriptor, data, length, flags, to, toLength) => {
        if (this.#enter("sendto", `flags ${flags}`)) return -1;
        const address = to === null ? undefined : octets(to).slice(0, Number(toLength));
        const number = this.pendingErrors.shift() ??
          this.#deliver(octets(data).slice(0, Number(length)), address);
        return number === 0 ? Number(length) : this.#fail(number);
      },
      sysctlbyname: (name, old, oldLength) => {
        const variable = new TextDecoder().decode(octets(name)).replace(/\0$/, "");
        if (this.#enter("sysctlbyname", variable)) return -1;
        const release = new TextEncoder().encode(`${this.#options.release ?? "24.6.0"}\0`);
        const value = variable === "kern.osrelease" ? release : this.#options.controlList ?? new Uint8Array();
        octets(old).set(value);
        new DataView(octets(oldLength).buffer).setBigUint64(0, BigInt(value.length), true);
        return 0;
      },
      recvmsg: (_descriptor, message) => {
        if (this.#enter("recvmsg")) return -1;
        return this.#receiveInto(this.#offset(message));
      },
      sendmsg: (_descriptor, message) => {
        if (this.#enter("sendmsg")) return -1;
        const number = this.pendingErrors.shift() ?? this.#take(this.#offset(message));
        return number === 0 ? 1 : this.#fail(number);
      },
      recvmsg_x: missing.includes("recvmsg_x") ? null : (_descriptor, messages, count, flags) => {
        if (this.#enter("recvmsg_x", `${count}`)) return -1;
        this.batchFlags.push(flags);
        if (count === 0 || count > 1024 || (flags & ~0x80) !== 0) return this.#fail(EINVAL);
        if (this.incoming.length === 0) return this.#fail(EAGAIN);
        const first = this.#offset(messages);
        let taken = 0;
        for (; taken < count && taken < batchLimit && this.incoming.length > 0; taken++) {
          const header = first + taken * 56;
          if (this.#u32(header + 44) !== 0 || this.#u32(header + 24) !== this.#u32(first + 24)) {
            return this.#fail(EINVAL);
          }
          const length = this.#receiveInto(header);
          this.#setU32(header + 48, length);
          this.#setU32(header + 52, 0);
        }
        return taken;
      },
      sendmsg_x: missing.includes("sendmsg_x") ? null : (descriptor, messages, count) => {
        if (this.#enter("sendmsg_x", `${count}`)) return -1;
        const first = this.#offset(messages);
        return this.#sendMany(this.socket(descriptor).peer !== undefined, first, Math.min(count, batchLimit));
      },
      pipe: (ends) => {
        if (this.#enter("pipe")) return -1;
        octets(ends).set([3, 0, 0, 0, 4, 0, 0, 0]);
        return 0;
      },
      __ioctl: missing.includes("__ioctl")
        ? null
        : (descriptor, request, argument) =>
          this.#enter("__ioctl", `0x${request.toString(16)}`)
            ? -1
            : this.#control(descriptor, BigInt(request), argument),
      ioctl: missing.includes("ioctl")
        ? null
        : (descriptor, request, argument) =>
          this.#enter("ioctl", `0x${request.toString(16)}`)
            ? -1
            : this.#control(descriptor, BigInt(request), argument),
      // Each has the argument where the other has none.
      ioctlOnStack: missing.includes("ioctl") ? null : () => {
        throw new Error("the fake kernel runs on x86_64");
      },
    };
  }

  /**
   * sendmsg_x of xnu (bsd/kern/uipc_syscalls.c): an error after the first message becomes a count for a few numbers only; with
   * any other the call fails, and what went out before is not told. A connected socket looks for a pending error once, before
   * the first message, and leaves the count at all of them (sosend_list in bsd/kern/uipc_socket.c); others do for each.
   */
  #sendMany(isConnected: boolean, first: number, count: number): number {
    let told = 0;
    let number = isConnected ? this.pendingErrors.shift() ?? 0 : 0;
    if (number !== 0) told = count;
    for (let index = 0; index < count && number === 0; index++) {
      if (!isConnected) number = this.pendingErrors.shift() ?? 0;
      if (number === 0) number = this.#take(first + index * 56);
      if (number === 0) told++;
    }
    const isHidden = told > 0 && [EINTR, EAGAIN, ENOBUFS, EMSGSIZE].includes(number);
    return number === 0 || isHidden ? told : this.#fail(number);
  }

  #control(descriptor: number, request: bigint, argument: unknown): number {
    const socket = this.socket(descriptor);
    if (request === 0x20006601n) socket.closeOnExec = true;
    else if (request === 0x8004667en) socket.nonBlocking = words(argument)[0] === 1;
    else if (request === 0xc0644e03n) {
      const info = octets(argument);
      const name = new TextDecoder().decode(info.subarray(4)).replace(/\0+$/, "");
      if (info.length !== 100 || name !== "com.apple.net.utun_control") return this.#fail(2);
      new DataView(info.buffer).setUint32(0, 7, true);
    } else return this.#fail(25);
    return 0;
  }

  get #arena() {
    if (this.memory === undefined) throw new Error("the fake kernel was given no memory");
    return this.memory.arena;
  }

  #offset(pointer: Deno.PointerValue): number {
    return Number(Deno.UnsafePointer.value(pointer)) - this.#arena.address;
  }

  #u32(at: number): number {
    return new DataView(this.#arena.buffer).getUint32(at, true);
  }

  #setU32(at: number, value: number): void {
    new DataView(this.#arena.buffer).setUint32(at, value, true);
  }

  /** The byte offset that the 64-bit address at `at` means; undefined for null. */
  #target(at: number): number | undefined {
    const address = this.#u32(at) + this.#u32(at + 4) * 2 ** 32;
    if (address === 0) return undefined;
    const offset = address - this.#arena.address;
    if (offset < 0 || offset >= this.#arena.u8.length) throw new Error(`address outside: ${address}`);
    return offset;
  }

  #iovecs(header: number): Uint8Array[] {
    const start = this.#target(header + 16) ?? NaN;
    return Array.from({ length: this.#u32(header + 24) }, (_, index) => {
      const base = this.#target(start + index * 16) ?? NaN;
      return this.#arena.u8.subarray(base, base + this.#u32(start + index * 16 + 8));
    });
  }

  #receiveInto(header: number): number {
    const message = this.incoming.shift();
    if (message === undefined) return this.#fail(EAGAIN);
    const [room] = this.#iovecs(header);
    if (room === undefined) return this.#fail(EBADF);
    const length = Math.min(room.length, message.bytes.length);
    room.set(message.bytes.subarray(0, length));
    const name = this.#target(header);
    const address = message.address ?? new Uint8Array();
    const addressRoom = name === undefined ? 0 : Math.min(this.#u32(header + 8), address.length);
    if (name !== undefined) this.#arena.u8.set(address.subarray(0, addressRoom), name);
    // What the kernel leaves behind is of no use for the next call.
    this.#setU32(header + 8, addressRoom);
    this.#setU32(header + 40, 0);
    this.#setU32(header + 44, length < message.bytes.length ? 0x10 : 0x80);
    return length;
  }

  /** Sends a message unless it is refused; returns the errno, 0 for none. */
  #take(header: number): number {
    const pieces = this.#iovecs(header).flatMap((piece) => [...piece]);
    const name = this.#target(header);
    const address = name === undefined ? undefined : this.#arena.u8.slice(name, name + this.#u32(header + 8));
    return this.#deliver(Uint8Array.from(pieces), address);
  }

  #deliver(bytes: Uint8Array, address: Uint8Array | undefined): number {
    const message = address === undefined ? { bytes } : { bytes, address };
    const number = this.#options.refusal?.(message) ?? 0;
    if (number === 0) this.outgoing.push(message);
    return number;
  }
}

/** The bytes of a C buffer; Deno's type of one differs from version to version. */
function octets(buffer: unknown): Uint8Array {
  if (!ArrayBuffer.isView(buffer)) throw new Error("the fake kernel takes views of buffers only");
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

function words(buffer: unknown): Uint32Array {
  const { buffer: memory, byteOffset, byteLength } = octets(buffer);
  return new Uint32Array(memory, byteOffset, byteLength >> 2);
}
