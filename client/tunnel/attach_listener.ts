import { type Clock, sleep } from "../../core/async/clock.ts";
import { DescriptorWait } from "../../ffi/unix/descriptor_wait.ts";
import {
  acceptConnection,
  closeDescriptor,
  ownUser,
  peerUser,
} from "../../ffi/unix/seqpacket_socket_linux.ts";
import { AttachConnection, type HandOver } from "./attach_connection.ts";

/** Connections that have handed nothing over yet; more are closed at once. */
const MAX_SILENT = 8;
/** Milliseconds that a connection may take for its message. */
const SILENT_MS = 5000;
/** Milliseconds until the next attempt after accepting failed, most likely for want of descriptors. */
const ACCEPT_PAUSE_MS = 200;

/** What is told of streams. Neither may throw. */
export interface AttachListenerDeps {
  /** A stream has come; it is the receiver's to dispose of. */
  readonly onHandOver: (handOver: HandOver) => void;
  /** The process that handed over a stream has ended. Told once, not after the stream was disposed of. */
  readonly onGone: (handOver: HandOver) => void;
  readonly clock: Clock;
}

/**
 * Accepts connections of processes of the same user, and takes one message with two descriptors from each. Whatever else comes,
 * ends the connection. Nothing is logged: callers could fill the disk with it.
 */
export class AttachListener implements AsyncDisposable {
  readonly #wait = new DescriptorWait();
  readonly #connections = new Set<AttachConnection>();
  readonly #ended: Promise<void>;
  #isClosed = false;
  #pause: Disposable | undefined;

  /** @param listener a listening socket that does not block; closed with this */
  constructor(readonly listener: number, readonly deps: AttachListenerDeps) {
    this.#ended = this.#serve();
  }

  async #serve(): Promise<void> {
    while (!this.#isClosed) {
      const watched = [...this.#connections].filter((connection) => connection.isWatched);
      const listener = this.#pause === undefined ? this.listener : -1;
      const ready = await this.#wait.ready([listener, ...watched.map(({ descriptor }) => descriptor)]);
      if (this.#isClosed) break;
      if (ready === undefined) {
        await sleep(ACCEPT_PAUSE_MS, this.deps.clock);
        continue;
      }
      watched.forEach((connection, index) => {
        if (ready[index + 1] && connection.isWatched) this.#take(connection);
      });
      if (ready[0]) this.#accept();
    }
  }

  #accept(): void {
    let descriptor: number | undefined;
    try {
      descriptor = acceptConnection(this.listener);
      if (descriptor === undefined) return;
      if (this.#silent >= MAX_SILENT || peerUser(descriptor) !== ownUser()) closeDescriptor(descriptor);
      else this.#open(descriptor);
    } catch {
      if (descriptor !== undefined) closeDescriptor(descriptor);
      this.#pause = this.deps.clock.after(ACCEPT_PAUSE_MS, () => {
        this.#pause = undefined;
        this.#wait.interrupt();
      });
    }
  }

  get #silent(): number {
    return [...this.#connections].filter(({ isSilent }) => isSilent).length;
  }

  #open(descriptor: number): void {
    const connection = new AttachConnection(descriptor, () => {
      this.#connections.delete(connection);
      // The wait holds the file: without this the other process would not see the end.
      this.#wait.interrupt();
    });
    connection.limit = this.deps.clock.after(SILENT_MS, () => connection[Symbol.dispose]());
    this.#connections.add(connection);
  }

  /** Looks at a connection that has a message, or has ended. */
  #take(connection: AttachConnection): void {
    if (!connection.isSilent) {
      // It was to say no more. A message is not read: closing the connection drops it with its files.
      connection.isWatched = false;
      this.deps.onGone(connection);
      return;
    }
    const state = connection.receive();
    if (state === "refused") connection[Symbol.dispose]();
    if (state === "taken") this.deps.onHandOver(connection);
  }

  /** Accepts no more and closes the connections that are silent. Streams that were handed over stay until they are disposed of. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return await this.#ended;
    this.#isClosed = true;
    this.#pause?.[Symbol.dispose]();
    for (const connection of this.#connections) {
      if (connection.isSilent) connection[Symbol.dispose]();
    }
    this.#wait[Symbol.dispose]();
    await this.#ended;
    closeDescriptor(this.listener);
  }
}
