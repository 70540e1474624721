import type { Clock } from "../../core/async/clock.ts";
import { SerialQueue } from "../../core/async/serial_queue.ts";
import { getLogger } from "../../program/log.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import type { HandOver } from "./attach_connection.ts";
import { AttachListener } from "./attach_listener.ts";
import { attachSocketPath } from "./attach_socket.ts";
import { listenAtPath, type ListeningSocket } from "./attach_socket_file.ts";

const log = getLogger("attach");

/** A byte stream that an `attach` process has handed over: descriptors of this process that do not block. */
export interface Attachment {
  /** What is read: bytes from the server. */
  readonly input: number;
  /** What is written: bytes to the server. */
  readonly output: number;
}

export interface AttachmentsOptions {
  /** Path of the client's status socket, beside which the attach socket is. */
  readonly control: string;
  /** A stream is there. It is not released before this has ended. */
  readonly onAttached: (attachment: Attachment) => void | Promise<void>;
  /** The stream is over. Its descriptors are closed once this has ended: until then another thread may use them. */
  readonly onDetached: (attachment: Attachment) => void | Promise<void>;
  /** @default the machine's clock */
  readonly clock?: Clock;
}

/**
 * The byte streams that `attach` processes hand to this client: one at a time, the newest. For each stream `onAttached` is called
 * once, then `onDetached` once, and the next one's `onAttached` after that.
 */
export class Attachments implements AsyncDisposable {
  readonly #options: AttachmentsOptions;
  readonly #socket: ListeningSocket;
  readonly #listener: AttachListener;
  readonly #queue = new SerialQueue((error) => logFailure("change", error));
  #current: HandOver | undefined;
  /** Waits for the end of the current one; a still newer one replaces it. */
  #next: HandOver | undefined;
  #isClosed = false;

  /**
   * Listens beside the status socket. A socket file that a dead client left is replaced.
   *
   * @throws {OperationError} `config` for a path that is too long, `io` where it is unusable or in use, `privilege` where it may not
   * be written
   */
  constructor(options: AttachmentsOptions) {
    this.#options = options;
    this.#socket = listenAtPath(attachSocketPath(options.control, "Cannot open attach socket"));
    this.#listener = new AttachListener(this.#socket.descriptor, {
      onHandOver: (handOver) => this.#offer(handOver),
      onGone: (handOver) => this.#lose(handOver),
      clock: options.clock ?? SYSTEM_CLOCK,
    });
  }

  /** The stream in use; undefined when there is none. */
  get current(): Attachment | undefined {
    return this.#current;
  }

  /**
   * Lets a stream go, so that its `attach` ends: `onDetached` is called, then the descriptors are closed. Neither callback may wait
   * for this.
   *
   * @param attachment as `onAttached` got it, for a caller that could mean an earlier one than the current, which has gone then
   */
  async release(attachment: Attachment | undefined = this.#current): Promise<void> {
    if (this.#queue.isClosed) return;
    await this.#queue.run(() => this.#detach(attachment));
  }

  #offer(handOver: HandOver): void {
    if (this.#isClosed) return handOver[Symbol.dispose]();
    this.#next?.[Symbol.dispose]();
    this.#next = handOver;
    this.#queue.start(() => this.#replace());
  }

  #lose(handOver: HandOver): void {
    if (handOver === this.#next) {
      this.#next = undefined;
      handOver[Symbol.dispose]();
    } else this.#queue.start(() => this.#detach(handOver));
  }

  async #replace(): Promise<void> {
    if (this.#next === undefined) return;
    await this.#detach(this.#current);
    const next = this.#next;
    if (next === undefined) return;
    this.#next = undefined;
    this.#current = next;
    try {
      await this.#options.onAttached(next);
      next.confirm();
    } catch (error) {
      logFailure("take", error);
      await this.#detach(next);
    }
  }

  async #detach(attachment: Attachment | undefined): Promise<void> {
    const current = this.#current;
    if (current === undefined || attachment !== current) return;
    try {
      await this.#options.onDetached(current);
    } catch (error) {
      logFailure("let go of", error);
    } finally {
      this.#current = undefined;
      current[Symbol.dispose]();
    }
  }

  /** Releases the current stream, closes everything and removes the socket's file. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // The file first: a caller that does not find it sees that nothing runs.
    this.#socket.removeFile();
    this.#next?.[Symbol.dispose]();
    this.#next = undefined;
    await this.release();
    await this.#queue.close();
    await this.#listener[Symbol.asyncDispose]();
  }
}

function logFailure(act: string, error: unknown): void {
  log.warn(`Cannot ${act} the server's stream: ${error instanceof Error ? error.message : error}`);
}
