import { enlargePipe, isByteStream, makeNonBlocking } from "../../ffi/unix/byte_stream_linux.ts";
import { receiveDescriptors } from "../../ffi/unix/descriptor_passing_linux.ts";
import { closeDescriptor, sendBytes } from "../../ffi/unix/seqpacket_socket_linux.ts";
import { SystemError } from "../../ffi/libc/errno.ts";
import { ACCEPTED, HAND_OVER } from "./attach_socket.ts";

/** What a pipe is to hold: the most that fs.pipe-max-size allows everybody by default (pipe(7)). */
const PIPE_BYTES = 1024 * 1024;

/** The stream that a process has handed over. */
export interface HandOver extends Disposable {
  /** What is read: the other process's standard input. Does not block. */
  readonly input: number;
  /** What is written: the other process's standard output. Does not block. */
  readonly output: number;
  /** Tells the other process that the stream is in use. */
  confirm(): void;
  /** Closes both descriptors and the connection, which lets the other process go. Again it does nothing. */
  [Symbol.dispose](): void;
}

/** One process that has connected: silent first, then with its stream. */
export class AttachConnection implements HandOver {
  /** Whether it still has to be waited for. */
  isWatched = true;
  /** Ends the time that it may stay silent. */
  limit: Disposable | undefined;
  #descriptors: readonly number[] = [];
  #isSilent = true;

  /**
   * @param descriptor the connection, closed with this
   * @param onClosed called once
   */
  constructor(readonly descriptor: number, readonly onClosed: () => void) {}

  /** Whether it has handed nothing over yet. */
  get isSilent(): boolean {
    return this.#isSilent;
  }

  get input(): number {
    return this.#descriptors[0];
  }

  get output(): number {
    return this.#descriptors[1];
  }

  /** Takes what waits in a silent connection; `refused` is for everything but one whole and usable stream. */
  receive(): "nothing" | "refused" | "taken" {
    const received = receiveDescriptors(this.descriptor);
    if (received.state === "nothing") return "nothing";
    if (received.state !== "message") return "refused";
    const { bytes, descriptors } = received;
    this.#descriptors = descriptors;
    if (bytes.length !== HAND_OVER.length || bytes[0] !== HAND_OVER[0] || !isStream(descriptors)) {
      return "refused";
    }
    this.#isSilent = false;
    this.limit?.[Symbol.dispose]();
    return "taken";
  }

  confirm(): void {
    sendBytes(this.descriptor, ACCEPTED);
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.isWatched = false;
    this.limit?.[Symbol.dispose]();
    for (const descriptor of [...this.#descriptors, this.descriptor]) closeDescriptor(descriptor);
    this.onClosed();
  }
  #isClosed = false;
}

/** Whether these are a stream's two ends, which then do not block and hold much. */
function isStream(descriptors: readonly number[]): boolean {
  const [input, output] = descriptors;
  if (descriptors.length !== 2 || !isByteStream(input, "read") || !isByteStream(output, "write")) {
    return false;
  }
  try {
    for (const descriptor of descriptors) {
      makeNonBlocking(descriptor);
      enlargePipe(descriptor, PIPE_BYTES);
    }
    return true;
  } catch (error) {
    if (error instanceof SystemError) return false;
    throw error;
  }
}
