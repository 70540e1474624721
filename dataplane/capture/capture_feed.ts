import { type CapturedPacket, CaptureReader } from "./capture_ring.ts";

export type { CapturedPacket };

/** Milliseconds between two looks into the ring, while packets are captured. */
const INTERVAL = 10;

/** What takes captured packets. */
export interface CaptureConsumer {
  /** Bytes that it wants of each packet; more may come. */
  readonly snapLength: number;
  /** Takes a packet; must not throw. */
  take(packet: CapturedPacket): void;
}

/** A capture under way; disposing of it ends it. */
export interface CaptureSubscription extends Disposable {
  /** Packets that were lost since its beginning, since the main thread was too slow. */
  readonly dropped: number;
}

/** Gives the packets that the packet loop captures to those who want them. Without any, it captures nothing. */
export class CaptureFeed implements Disposable {
  readonly #reader: CaptureReader;
  readonly #consumers = new Set<CaptureConsumer>();
  #isReading = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param turn makes the packet loop capture, or stop that */
  constructor(ring: SharedArrayBuffer, readonly turn: (isOn: boolean) => void) {
    this.#reader = new CaptureReader(ring);
  }

  subscribe(consumer: CaptureConsumer): CaptureSubscription {
    const reader = this.#reader;
    const before = reader.dropped;
    this.#consumers.add(consumer);
    this.#setSnapLength();
    if (this.#timer === undefined) {
      this.turn(true);
      this.#wait();
    }
    return {
      get dropped() {
        return reader.dropped - before >>> 0;
      },
      [Symbol.dispose]: () => this.#remove(consumer),
    };
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #remove(consumer: CaptureConsumer): void {
    if (!this.#consumers.has(consumer)) return;
    // What was captured before its end is its own.
    this.#read();
    this.#consumers.delete(consumer);
    if (this.#consumers.size > 0) return this.#setSnapLength();
    this[Symbol.dispose]();
    this.turn(false);
  }

  #setSnapLength(): void {
    this.#reader.setSnapLength(Math.max(...Array.from(this.#consumers, ({ snapLength }) => snapLength)));
  }

  #wait(): void {
    this.#timer = setTimeout(() => {
      this.#read();
      // A consumer may have been the last one.
      if (this.#timer !== undefined) this.#wait();
    }, INTERVAL);
  }

  #read(): void {
    // A consumer that has enough ends its capture in the midst of it.
    if (this.#isReading) return;
    this.#isReading = true;
    this.#reader.read((packet) => {
      for (const consumer of this.#consumers) consumer.take(packet);
    });
    this.#isReading = false;
  }
}
