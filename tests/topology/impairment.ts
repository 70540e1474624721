/**
 * A bad network between client and server: of a hundred datagrams one is lost, one comes twice and five come late; of a
 * thousand one is changed.
 *
 * @module
 */
import type { Namespace } from "./namespace.ts";
import type { Network } from "./network.ts";
import { Relay } from "./relay.ts";

/** What a relay has done so far, in datagrams. */
export interface ImpairmentCounts {
  readonly passed: number;
  readonly lost: number;
  readonly reordered: number;
  readonly duplicated: number;
  readonly corrupted: number;
}

/** tc-netem(8). A packet that goes at once overtakes those that are delayed, so 5% of them are reordered. */
const NETEM = [
  ..."limit 20000 delay 1ms reorder 5% loss 1% duplicate 1% corrupt 0.1%".split(" "),
];

/** The bad network: netem on the link where the kernel has it, else a relay. */
export class Impairment implements AsyncDisposable {
  private constructor(readonly network: Network, readonly relay: Relay | undefined) {}

  /** @param seed of the relay's random numbers */
  static async start(network: Network, seed: number): Promise<Impairment> {
    if (await addNetem(network.mac) && await addNetem(network.vm)) return new Impairment(network, undefined);
    return new Impairment(network, await Relay.start(network, "impaired_relay.ts", [`${seed}`]));
  }

  /** Which of the two it is, for people. */
  get kind(): "netem" | "relay" {
    return this.relay === undefined ? "netem" : "relay";
  }

  /** Whom the client is told to talk to; undefined: the server itself. */
  get clientTarget(): { readonly clientTarget?: string } {
    return this.relay === undefined ? {} : { clientTarget: this.relay.target };
  }

  /** What the relay has done; undefined with netem, whose qdisc counts lost packets alone. */
  async counts(): Promise<ImpairmentCounts | undefined> {
    const answer = await this.relay?.command("counts");
    return answer as ImpairmentCounts | undefined;
  }

  /**
   * What netem does to echoes over the bare link: the two namespaces are left as they are, nothing of the tunnel takes part.
   *
   * @param count how many are sent, ten milliseconds apart at the most
   */
  async probe(count: number): Promise<{ readonly lost: number; readonly duplicated: number }> {
    const { mac, vmAddress } = this.network;
    const { stdout } = await mac.run(["ping", "-n", "-i", "0.002", "-c", `${count}`, "-w", "30", vmAddress], {
      env: { LC_ALL: "C" },
      deadline: 40_000,
    });
    const sequence = [...stdout.matchAll(/icmp_seq=(\d+).* time=/g)].map((match) => match[1]);
    const distinct = new Set(sequence).size;
    return { lost: count - distinct, duplicated: sequence.length - distinct };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.relay?.[Symbol.asyncDispose]();
  }
}

/** Whether the kernel has netem; the namespace's end takes it with itself. */
async function addNetem(namespace: Namespace): Promise<boolean> {
  const { code } = await namespace.run(["tc", "qdisc", "add", "dev", "eth0", "root", "netem", ...NETEM]);
  return code === 0;
}
