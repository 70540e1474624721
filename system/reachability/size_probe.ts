import type { Clock } from "../../core/async/clock.ts";
import type { IpAddress } from "../../core/net/address.ts";
import type { SizeReply } from "../../core/reachability/size_record.ts";
import { EchoSocket } from "../../ffi/icmp/sized_echo.ts";
import { SystemError } from "../../ffi/libc/errno.ts";
import { SYSTEM_CLOCK } from "../process/system_clock.ts";

/**
 * Milliseconds after the request at which it is looked whether the reply has come. After each but the last the request is sent once more: one may be lost.
 */
const LOOKS = [40, 300, 700] as const;

/** Asks an address by an echo request of a chosen size whether packets of it pass. Nothing runs between two calls. */
export class SizeProbe implements Disposable {
  readonly #closing = Promise.withResolvers<void>();
  #isClosed = false;

  constructor(readonly clock: Clock = SYSTEM_CLOCK) {}

  /**
   * Asks once; one call has to end before the next.
   *
   * @param size bytes of the whole packet
   * @returns undefined where the system does not send it, or after the disposal
   */
  async ask(address: IpAddress, size: number): Promise<SizeReply | undefined> {
    // Open for this moment alone: it would gather replies to other programs.
    using socket = openOrNone(address.family);
    if (socket === undefined) return undefined;
    let before = 0;
    for (const [sequence, look] of LOOKS.entries()) {
      if (!socket.send(address, sequence, size)) return undefined;
      const over = Promise.withResolvers<void>();
      using _timer = this.clock.after(look - before, over.resolve);
      await Promise.race([over.promise, this.#closing.promise]);
      if (this.#isClosed) return undefined;
      before = look;
      if (socket.receive().some((reply) => reply.size === size)) return "answered";
    }
    return "missed";
  }

  /** Finds what passes, in at most 2 s. */
  async search(address: IpAddress, mtu: number): Promise<SizeReply | undefined> {
    const [{ EchoProber }, { largestPacket }] = await Promise.all([
      import("./echo_prober.ts"),
      import("./largest_packet.ts"),
    ]);
    using prober = EchoProber.open(address.family, this.clock);
    if (prober === undefined) return undefined;
    const passes = await largestPacket(prober, address, mtu);
    if (passes === undefined) return "mute";
    return passes === mtu ? "answered" : { passes };
  }

  /** Ends a question that is under way. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#closing.resolve();
  }
}

/** Without the right to it, or the IP version, nothing is asked. */
function openOrNone(family: 4 | 6): EchoSocket | undefined {
  try {
    return EchoSocket.open(family);
  } catch (error) {
    if (error instanceof SystemError) return undefined;
    throw error;
  }
}
