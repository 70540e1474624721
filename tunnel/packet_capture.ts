import type { Clock } from "../core/async/clock.ts";
import type { Prefix } from "../core/net/prefix.ts";
import { type CaptureStatistics, fileHeader, packetBlock, statisticsBlock } from "../core/packet/pcapng.ts";
import { packetFilter } from "../core/packet/pcap_filter.ts";
import type {
  CaptureConsumer,
  CapturedPacket,
  CaptureFeed,
  CaptureSubscription,
} from "../dataplane/capture/capture_feed.ts";
import { version } from "../program/build_info.ts";
import { SYSTEM_CLOCK } from "../system/process/system_clock.ts";

/** Bytes of the longest packet there is, and the fewest that hold the headers up to those of TCP. */
export const MAX_SNAP_LENGTH = 65_535;
export const MIN_SNAP_LENGTH = 128;
/** Where a capture ends by itself: so many packets, bytes of the file, milliseconds. */
export const MAX_PACKETS = 1_000_000;
const MAX_BYTES = 256_000_000;
const MAX_TIME = 3_600_000;
/** Bytes that may wait to be written; what finds no room is lost, and counted. */
const MAX_WAITING = 8 << 20;
/** Bytes of one call that writes. */
const MAX_WRITE = 1 << 20;

/** What a capture takes. */
export interface CaptureSettings {
  /** Packets from or to these networks; none: all. */
  readonly networks: readonly Prefix[];
  /** Packets after which it ends. */
  readonly count: number;
  /** Bytes that are kept of each. */
  readonly snapLength: number;
}

/** The packets of everything, up to the limits. */
export const WHOLE_CAPTURE: CaptureSettings = {
  networks: [],
  count: MAX_PACKETS,
  snapLength: MAX_SNAP_LENGTH,
};

/** Why a capture has ended. */
export type CaptureEnd = "asked" | "packets" | "bytes" | "time" | "failed";

/** Where the bytes go: a file or a connection. */
export interface CaptureTarget {
  /** Writes some of the bytes; resolves to how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/** How a capture went. */
export interface CaptureResult extends CaptureStatistics {
  readonly end: CaptureEnd;
  /** What the target threw; undefined where nothing did. */
  readonly error: unknown;
}

/** One capture: takes packets of the tunnel, and writes those that it wants as pcapng. */
export class PacketCapture implements CaptureConsumer {
  readonly snapLength: number;
  /** Resolves when all is written. */
  readonly ended: Promise<CaptureResult>;
  readonly #settings: CaptureSettings;
  readonly #wants: (packet: Uint8Array) => boolean;
  readonly #target: CaptureTarget;
  readonly #clock: Clock;
  readonly #subscription: CaptureSubscription;
  readonly #timer: Disposable;
  readonly #result = Promise.withResolvers<CaptureResult>();
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #isWriting = false;
  #bytes = 0;
  #packets = 0;
  #lost = 0;
  #end: CaptureEnd | undefined;
  #statistics: CaptureStatistics = { packets: 0, dropped: 0 };

  constructor(
    feed: CaptureFeed,
    interfaceName: string,
    settings: CaptureSettings,
    target: CaptureTarget,
    clock: Clock = SYSTEM_CLOCK,
  ) {
    this.snapLength = settings.snapLength;
    this.ended = this.#result.promise;
    this.#settings = settings;
    this.#wants = packetFilter(settings.networks);
    this.#target = target;
    this.#clock = clock;
    this.#timer = clock.after(MAX_TIME, () => this.stop("time"));
    this.#push(
      fileHeader({
        application: `docker-connector ${version}`,
        interfaceName,
        snapLength: settings.snapLength,
      }),
    );
    this.#subscription = feed.subscribe(this);
  }

  take(packet: CapturedPacket): void {
    if (this.#end !== undefined || !this.#wants(packet.bytes)) return;
    if (this.#waitingBytes > MAX_WAITING) {
      this.#lost++;
      return;
    }
    this.#packets++;
    const bytes = packet.bytes.subarray(0, this.snapLength);
    this.#push(packetBlock({ ...packet, bytes }));
    if (this.#packets >= this.#settings.count) this.stop("packets");
    else if (this.#bytes >= MAX_BYTES) this.stop("bytes");
  }

  /** Ends the capture; {@linkcode ended} resolves when what is there is written. */
  stop(why: CaptureEnd = "asked"): void {
    if (this.#end !== undefined) return;
    // What was captured before is taken while it ends.
    if (why === "asked" || why === "time") this.#subscription[Symbol.dispose]();
    if (this.#end !== undefined) return;
    this.#end = why;
    this.#timer[Symbol.dispose]();
    this.#subscription[Symbol.dispose]();
    this.#statistics = { packets: this.#packets, dropped: this.#lost + this.#subscription.dropped };
    this.#push(statisticsBlock(this.#statistics, this.#clock.wallClock()));
  }

  #push(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    this.#waitingBytes += bytes.length;
    this.#waiting.push(bytes);
    if (!this.#isWriting) void this.#write();
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    try {
      // The packets of one look into the ring are written together.
      await Promise.resolve();
      while (this.#waiting.length > 0) {
        const bytes = this.#takeWaiting();
        for (let at = 0; at < bytes.length;) at += await this.#target.write(bytes.subarray(at));
        this.#waitingBytes -= bytes.length;
      }
      if (this.#end !== undefined) this.#finish(this.#end, undefined);
    } catch (error) {
      this.stop("failed");
      this.#waiting = [];
      this.#finish("failed", error);
    }
    this.#isWriting = false;
  }

  #takeWaiting(): Uint8Array {
    let count = 0;
    let length = 0;
    for (; count < this.#waiting.length && length < MAX_WRITE; count++) length += this.#waiting[count].length;
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const part of this.#waiting.splice(0, count)) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  #finish(end: CaptureEnd, error: unknown): void {
    this.#result.resolve({ ...this.#statistics, end, error });
  }
}
