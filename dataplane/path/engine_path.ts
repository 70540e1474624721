import { Counter, type CounterTable } from "../../core/counters.ts";
import { isLargePacket } from "../../core/offload/large_packet.ts";
import type { TxQueue } from "../../core/packet/tx_queue.ts";
import { PROBE_LENGTH } from "../../core/protocol/probe.ts";
import {
  creditAhead,
  FRAME_CREDIT,
  FRAME_HEADER,
  FRAME_LARGE,
  framePayloadLength,
  isPacketFrame,
  isSoundFrame,
  readCredit,
} from "../../core/protocol/stream_frame.ts";
import { errorName } from "../../ffi/libc/errno.ts";
import type { PacketMemory } from "../../ffi/libc/packet_memory.ts";
import { StreamPort } from "../../ffi/stream/stream_port.ts";
import type { PathSink } from "../inbound.ts";
import type { StreamAttachment } from "../worker_channel.ts";
import { FrameReader, Reading } from "./frame_reader.ts";
import { FrameWriter, MAX_FRAME } from "./frame_writer.ts";
import type { Path } from "./path.ts";

/**
 * Octets of packet frames that may be on their way: enough to keep the Engine's pipes full, and no more, since a packet waits
 * behind all of them.
 */
const WINDOW = 512 * 1024;
/** The other end hears of new credit when so much of the window is free again. */
const CREDIT_STEP = WINDOW / 4;

/** The path through the Engine's own socket: a stream to `docker-connector-client attach` in the client's container. */
export class EnginePath implements Path, Disposable {
  readonly kind = "engine";
  readonly takesLarge = true;
  isBound = false;
  /** Of the stream, as the main thread counts them. */
  streamId = 0;
  /** Why the stream is of no use any more; undefined while it is, and while there is none. */
  end: string | undefined;
  readonly #port: StreamPort;
  readonly #writer: FrameWriter;
  readonly #reader: FrameReader;
  readonly #bytes: Uint8Array;
  /** Octets of packet frames that came, and the limit that the other end knows, both modulo 2^32. */
  #received = 0;
  #granted = 0;

  /** Reserves its memory, which every stream uses. */
  constructor(memory: PacketMemory, readonly counters: CounterTable) {
    this.#port = new StreamPort(memory);
    this.#writer = new FrameWriter(memory, this.#port, counters);
    this.#reader = new FrameReader(memory, this.#port);
    this.#bytes = memory.arena.u8;
  }

  /** Takes another stream, or none. Its other end has proven nothing yet. */
  attach(stream: StreamAttachment | undefined): void {
    this.isBound = false;
    this.end = undefined;
    this.#received = 0;
    this.streamId = stream?.id ?? 0;
    this.#port.open(stream?.input ?? -1, stream?.output ?? -1);
    this.#writer.restart(stream !== undefined);
    this.#reader.restart(stream?.isFramed === true);
    this.#granted = 0;
    if (stream !== undefined) this.grantCredit();
  }

  /** The descriptor to read; -1: none. */
  get descriptor(): number {
    return this.end === undefined ? this.#port.input : -1;
  }

  /** The descriptor to write while bytes wait for that; else -1. */
  get blockedDescriptor(): number {
    return this.#writer.isWaiting ? this.#port.output : -1;
  }

  get room(): number {
    return this.#writer.credit - MAX_FRAME;
  }

  send(list: TxQueue): void {
    const limit = this.#received + WINDOW | 0;
    if (this.#writer.send(list, this.#isCreditDue(limit), limit)) this.#granted = limit;
  }

  sendProbe(at: number): void {
    this.#writer.sendMessage(this.#bytes, at, PROBE_LENGTH);
  }

  /** Sends a message to the other end's main thread; false if the stream does not take it. */
  sendMessage(bytes: Uint8Array): boolean {
    return this.#writer.sendMessage(bytes, 0, bytes.length);
  }

  /** Writes what waits. */
  proceed(): void {
    this.#writer.proceed();
    // A credit that found no room behind what waited is due still, and perhaps nothing more comes without it.
    if (this.end === undefined && !this.#writer.isWaiting) this.grantCredit();
  }

  /** Tells the other end of the credit that is due and went with no packets. */
  grantCredit(): void {
    const limit = this.#received + WINDOW | 0;
    if (this.#isCreditDue(limit) && this.#writer.sendCredit(limit)) this.#granted = limit;
  }

  /**
   * Hands what one read brings to `inbound`; {@linkcode grantCredit} has to follow, so that packets of the other way can take
   * the credit along. False when the stream is of no use any more.
   */
  drain(inbound: PathSink): boolean {
    const reading = this.#reader.read();
    if (reading !== Reading.Some) {
      if (reading !== Reading.Nothing) this.end = this.#explain(reading);
      return this.#isUsable();
    }
    for (let at = this.#reader.next(); at >= 0; at = this.#reader.next()) this.#take(inbound, at);
    inbound.flush();
    if (this.#reader.isTooLong) this.end = "a frame says that it is longer than any";
    if (this.isBound) this.counters[Counter["inbound.lastHeard"]] = Date.now();
    return this.#isUsable();
  }

  [Symbol.dispose](): void {
    this.#port[Symbol.dispose]();
  }

  #isUsable(): boolean {
    if (this.#writer.hasEnded) this.end ??= this.#explain(Reading.Ended);
    return this.end === undefined;
  }

  #isCreditDue(limit: number): boolean {
    return creditAhead(limit, this.#granted) >= CREDIT_STEP;
  }

  #take(inbound: PathSink, at: number): void {
    const bytes = this.#bytes;
    const kind = bytes[at];
    const length = framePayloadLength(bytes, at);
    const payload = at + FRAME_HEADER;
    if (isPacketFrame(kind)) this.#received = this.#received + FRAME_HEADER + length | 0;
    if (!isSoundFrame(bytes, payload, kind, length)) this.counters[Counter["drop.malformed"]]++;
    else if (kind === FRAME_CREDIT) this.#writer.grant(readCredit(bytes, payload));
    else if (kind !== FRAME_LARGE) inbound.take(this, payload, length, this.isBound, 0);
    else if (isLargePacket(bytes, payload, length)) inbound.takeLarge(this, payload, length, this.isBound);
    else this.counters[Counter["drop.malformed"]]++;
  }

  #explain(reading: Reading): string {
    if (reading === Reading.NotFramed) return "what comes is not framed as the Engine frames it";
    const { failure } = this.#port;
    const words = failure === 0 ? "the Engine ended the stream" : `the stream broke: ${errorName(failure)}`;
    const { errorText } = this.#reader;
    return errorText === "" ? words : `${words}; the client says: ${errorText}`;
  }
}
