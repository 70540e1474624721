/**
 * The receiving half of the engine path: takes frames of core/protocol/stream_frame.ts out of the stream, wherever it is cut.
 *
 * @module
 */
import { ExecDemultiplexer, NOT_FRAMED } from "../../core/docker/exec_demultiplexer.ts";
import { FRAME_HEADER, framePayloadLength, MAX_FRAME_PAYLOAD } from "../../core/protocol/stream_frame.ts";
import type { PacketMemory } from "../../ffi/libc/packet_memory.ts";
import { STREAM_ENDED, type StreamPort, WOULD_WAIT } from "../../ffi/stream/stream_port.ts";

/** Bytes of one read. */
const READ = 256 * 1024;
/** Room for one read behind a frame of which the last octet is missing. */
const SIZE = READ + FRAME_HEADER + MAX_FRAME_PAYLOAD;

/** What became of the stream. */
export const enum Reading {
  /** Frames may be there. */
  Some,
  /** Nothing more now. */
  Nothing,
  Ended,
  NotFramed,
}

export class FrameReader {
  readonly #buffer: number;
  #demultiplexer: ExecDemultiplexer | undefined;
  /** What is read and not taken: from `#first` to before `#last`, in bytes of the buffer. */
  #first = 0;
  #last = 0;
  /** A frame says that it is longer than any: what comes behind it means nothing. */
  isTooLong = false;

  constructor(readonly memory: PacketMemory, readonly port: StreamPort) {
    this.#buffer = memory.arena.allocate(SIZE, 64);
  }

  /**
   * Begins a stream.
   *
   * @param isFramed whether the Engine's own framing is around the bytes
   */
  restart(isFramed: boolean): void {
    this.#demultiplexer = isFramed ? new ExecDemultiplexer() : undefined;
    this.#first = this.#last = 0;
    this.isTooLong = false;
  }

  /** What the exec'ed program wrote to its standard error. */
  get errorText(): string {
    return this.#demultiplexer?.errorText ?? "";
  }

  /** Reads once. The frames of the last read are gone then. */
  read(): Reading {
    const { u8 } = this.memory.arena;
    if (this.#first > 0) {
      u8.copyWithin(this.#buffer, this.#buffer + this.#first, this.#buffer + this.#last);
      this.#last -= this.#first;
      this.#first = 0;
    }
    const at = this.#buffer + this.#last;
    const taken = this.port.read(at, READ);
    if (taken === WOULD_WAIT) return Reading.Nothing;
    if (taken === STREAM_ENDED) return Reading.Ended;
    const count = this.#demultiplexer === undefined ? taken : this.#demultiplexer.take(u8, at, taken);
    if (count === NOT_FRAMED) return Reading.NotFramed;
    this.#last += count;
    return Reading.Some;
  }

  /** Byte offset of the next frame's header in the arena; -1: there is no whole one. */
  next(): number {
    const left = this.#last - this.#first;
    if (left < FRAME_HEADER) return -1;
    const at = this.#buffer + this.#first;
    const length = framePayloadLength(this.memory.arena.u8, at);
    if (length < 0) {
      this.isTooLong = true;
      return -1;
    }
    if (left < FRAME_HEADER + length) return -1;
    this.#first += FRAME_HEADER + length;
    return at;
  }
}
