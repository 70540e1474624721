import { type Fault, fault } from "../../core/faults/fault_table.ts";
import type { IpAddress } from "../../core/net/address.ts";
import { SizeRecord, type SizeReply } from "../../core/reachability/size_record.ts";
import type { SizeProbe } from "../../system/reachability/size_probe.ts";

/** Collaborators. */
export interface LargePacketsDeps {
  readonly probe: Pick<SizeProbe, "ask" | "search"> & Disposable;
  /** Bytes of the largest packet that the interface takes now: it is another one on some paths. */
  readonly mtu: () => number;
}

/** A question, and what came of it. */
export interface SizeQuestion {
  /** Bytes of the whole packet. */
  readonly mtu: number;
  /** Undefined: nothing can be told. */
  readonly reply: SizeReply | undefined;
}

/** Tells whether packets of the interface's MTU are lost on the way to the client where small ones pass. */
export class LargePackets implements Disposable {
  readonly #record = new SizeRecord();
  #mtu = 0;

  constructor(readonly deps: LargePacketsDeps) {}

  get isSuspect(): boolean {
    return this.#record.isSuspect;
  }

  get fault(): Fault | undefined {
    const { passes } = this.#record;
    return passes === undefined ? undefined : fault("path.mtu", { mtu: this.#mtu, passes });
  }

  /** Asks the client's address, which has just answered a small question. */
  async ask(address: IpAddress): Promise<SizeQuestion> {
    const { probe } = this.deps;
    const mtu = this.deps.mtu();
    if (mtu !== this.#mtu) this.forget();
    this.#mtu = mtu;
    const reply = this.#record.isToSearch ? await probe.search(address, mtu) : await probe.ask(address, mtu);
    return { mtu, reply };
  }

  /**
   * Takes note of what came of a question.
   *
   * @param isTelling whether a miss tells anything: packets kept their path meanwhile
   */
  settle({ mtu, reply }: SizeQuestion, isTelling: boolean): void {
    if (reply === undefined || mtu !== this.deps.mtu()) return;
    if (isTelling || reply === "answered") this.#record.settle(reply);
  }

  /** Nothing is known any more, since packets go another way. */
  forget(): void {
    this.#record.forget();
  }

  [Symbol.dispose](): void {
    this.deps.probe[Symbol.dispose]();
  }
}
