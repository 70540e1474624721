/**
 * Connected stream sockets of AF_UNIX whose descriptor is the program's own, so that the Worker can poll it: Deno's connections
 * do not tell theirs.
 *
 * @module
 */
import { OperationError } from "../../core/error.ts";
import * as darwin from "../libc/constants_darwin.ts";
import * as linux from "../libc/constants_linux.ts";
import { setSocketDefaults } from "../libc/descriptor_darwin.ts";
import { errno, prepareErrno, readErrno, SystemError, throwOnError } from "../libc/errno.ts";
import { openLibc, pick, POSIX } from "../libc/libc.ts";
import { darwinSystem } from "../libc/libc_darwin.ts";
import { platform } from "../platform.ts";

/** Numbers that both systems share: bits/socket.h and sys/poll.h of glibc, bsd/sys/socket.h and poll.h of xnu. */
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const MSG_PEEK = 0x2;
const SHUT_RDWR = 2;
const POLLIN = 0x1;
const POLLOUT = 0x4;

/** Bytes that each buffer of the socket is to hold: some 8 ms of traffic at 1 Gbit/s. */
const BUFFER_WANTED = 1 << 20;
/** Bytes that are not asked for any more: every system has more than that by itself, or soon after. */
const BUFFER_NEEDED = 32 << 10;

/**
 * Length of `sun_path`, which needs one byte for the NUL at its end: 108 on Linux (linux/un.h), 104 on macOS (bsd/sys/un.h).
 */
const PATH_CAPACITY = { linux: 108, darwin: 104 } as const;
/** Bytes before `sun_path`: sun_family u16 on Linux; sun_len u8 and sun_family u8 on macOS. */
const PATH_OFFSET = 2;

const SYMBOLS = pick(
  POSIX,
  ...["socket", "connect", "setsockopt", "send", "recv", "pollLater", "shutdown", "close"] as const,
);
// Opened once: each opening takes 15 kB, which only a late garbage collection gives back.
const { symbols: libc } = openLibc(SYMBOLS);

/** The address of a unix socket. @throws {OperationError} "io" when the system cannot take the path */
function unixAddress(path: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(path);
  const capacity = PATH_CAPACITY[platform.os];
  const refuse = (state: string, remedy: string) =>
    new OperationError("io", `Cannot connect to socket ${path}: ${state}`, remedy);
  // A NUL at the start would name a socket that is no file, one further on would cut the path short.
  if (bytes.length === 0 || bytes.includes(0)) {
    throw refuse("it is not a path", "Name the file of the socket");
  }
  if (bytes.length >= capacity) {
    const state = `its path has ${bytes.length} bytes, ${capacity - 1} is the most that the system takes`;
    throw refuse(state, "Use a shorter path, or a link to it");
  }
  const address = new Uint8Array(PATH_OFFSET + capacity);
  address.set(platform.os === "darwin" ? [address.length, AF_UNIX] : [AF_UNIX, 0]);
  address.set(bytes, PATH_OFFSET);
  return address;
}

/** Asks for the size, then for half of it and so on, since macOS refuses what Linux would cut down. */
function growBuffer(descriptor: number, level: number, ...options: readonly number[]): void {
  for (let size = BUFFER_WANTED; size >= BUFFER_NEEDED; size >>= 1) {
    const value = new Uint32Array([size]);
    if (options.some((option) => libc.setsockopt(descriptor, level, option, value, 4) === 0)) return;
  }
}

function openSocket(): number {
  if (platform.os === "darwin") {
    const descriptor = throwOnError("socket AF_UNIX", libc.socket(AF_UNIX, SOCK_STREAM, 0));
    setSocketDefaults(darwinSystem().libc, descriptor);
    growBuffer(descriptor, darwin.SOL_SOCKET, darwin.SO_SNDBUF);
    growBuffer(descriptor, darwin.SOL_SOCKET, darwin.SO_RCVBUF);
    return descriptor;
  }
  const type = SOCK_STREAM | linux.SOCK_CLOEXEC | linux.SOCK_NONBLOCK;
  const descriptor = throwOnError("socket AF_UNIX", libc.socket(AF_UNIX, type, 0));
  // The FORCE form goes past net.core.*mem_max and needs CAP_NET_ADMIN; without it the plain one gives what it may.
  growBuffer(descriptor, linux.SOL_SOCKET, linux.SO_SNDBUFFORCE, linux.SO_SNDBUF);
  growBuffer(descriptor, linux.SOL_SOCKET, linux.SO_RCVBUFFORCE, linux.SO_RCVBUF);
  return descriptor;
}

/**
 * A connected, non-blocking socket that programs which are started do not inherit. Its own reads and writes are for the little
 * that goes before the stream is handed to the Worker: they wait on another thread, and one has to end before the next.
 */
export class StreamSocket implements Disposable {
  /** For poll(2), read(2) and write(2) of any thread, until {@link close} is called. */
  readonly descriptor: number;
  /** struct pollfd {fd i32, events i16, revents i16}. The other thread writes to it, so it must not be garbage meanwhile. */
  readonly #entry = new Int32Array(2);
  #isClosed = false;
  #isWaiting = false;

  private constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  /**
   * Connects to the socket that is at a path.
   *
   * @throws {OperationError} "io" when the path is too long for a socket or holds a NUL
   * @throws {SystemError} "connect AF_UNIX": ENOENT and ECONNREFUSED where nobody listens, EAGAIN (Linux) where the listener has
   * too many connections that it has not accepted yet, EACCES without the right to write to the socket
   */
  static connect(path: string): StreamSocket {
    const address = unixAddress(path);
    prepareErrno();
    const socket = new StreamSocket(openSocket());
    if (libc.connect(socket.descriptor, address, address.length) < 0) {
      const number = readErrno();
      socket.close();
      throw new SystemError("connect AF_UNIX", number);
    }
    return socket;
  }

  /** Writes all bytes. @throws {SystemError} "send": EPIPE when the other end is gone, or this one was closed meanwhile */
  async write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    // macOS has SO_NOSIGPIPE instead of the flag.
    const flags = platform.os === "darwin" ? 0 : linux.MSG_NOSIGNAL;
    for (let at = 0; at < bytes.length;) {
      const rest = bytes.subarray(at);
      const call = () => libc.send(this.descriptor, rest, rest.length, flags);
      const length = await this.#retry("send", POLLOUT, call);
      if (length === undefined) throw new SystemError("send", errno.EPIPE);
      at += length;
    }
  }

  /**
   * Waits for bytes and takes them.
   *
   * @returns how many bytes of the buffer are filled; 0 at the end, and when the socket was closed meanwhile
   * @throws {SystemError} "recv": ECONNRESET when the other end left bytes unread
   */
  async read(buffer: Uint8Array<ArrayBuffer>): Promise<number> {
    return await this.#receive(buffer, 0);
  }

  /** Waits for bytes as {@link read} does, and leaves them where they are. */
  async peek(buffer: Uint8Array<ArrayBuffer>): Promise<number> {
    return await this.#receive(buffer, MSG_PEEK);
  }

  /** Ends the connection in both directions, so that every wait for it ends, and gives the descriptor back. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    libc.shutdown(this.descriptor, SHUT_RDWR);
    // The other thread still uses the descriptor; its wait, which is over now, gives it back.
    if (!this.#isWaiting) libc.close(this.descriptor);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #receive(buffer: Uint8Array<ArrayBuffer>, flags: number): Promise<number> {
    const call = () => libc.recv(this.descriptor, buffer, buffer.length, flags);
    return await this.#retry("recv", POLLIN, call) ?? 0;
  }

  /** Repeats a call until the socket is ready for it; undefined when it was closed meanwhile. */
  async #retry(name: string, events: number, call: () => number): Promise<number | undefined> {
    while (!this.#isClosed) {
      const result = call();
      if (result >= 0) return result;
      const number = readErrno();
      if (number === errno.EAGAIN) await this.#wait(events);
      else if (number !== errno.EINTR) throw new SystemError(name, number);
    }
    return undefined;
  }

  async #wait(events: number): Promise<void> {
    this.#isWaiting = true;
    this.#entry.set([this.descriptor, events]);
    await libc.pollLater(this.#entry, 1, -1);
    this.#isWaiting = false;
    if (this.#isClosed) libc.close(this.descriptor);
  }
}
