/**
 * A bad network between client and server: of a hundred datagrams one is lost, one comes twice and five come late; of a
 * thousand one is changed.
 *
 * @module
 */
import { compiledProgram } from "./compiled_program.ts";
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

/** What became of datagrams that were sent. */
export interface ProbeResult {
  readonly lost: number;
  /** Those that came again. */
  readonly duplicated: number;
  /** Those that came after a later one. */
  readonly reordered: number;
}

/** UDP ports of the probe's receiver, and of the relay before it. */
const PROBE_PORT = 2610;
const PROBE_RELAY_PORT = 2601;

/** tc-netem(8). A packet that goes at once overtakes those that are delayed, so 5% of them are reordered. */
const NETEM = [
  ..."limit 20000 delay 1ms reorder 5% loss 1% duplicate 1% corrupt 0.1%".split(" "),
];

/** The bad network: netem on the link where the kernel has it, else a relay. */
export class Impairment implements AsyncDisposable {
  private constructor(
    readonly network: Network,
    readonly seed: number,
    readonly relay: Relay | undefined,
  ) {}

  /** @param seed of the relay's random numbers */
  static async start(network: Network, seed: number): Promise<Impairment> {
    if (await addNetem(network.mac) && await addNetem(network.vm)) {
      return new Impairment(network, seed, undefined);
    }
    return new Impairment(network, seed, await Relay.start(network, "impaired_relay", [`${seed}`]));
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
   * What becomes of numbered datagrams. They pass the bad network alone: where that is a relay, another one of the same kind.
   *
   * @param count how many are sent
   */
  async probe(count: number): Promise<ProbeResult> {
    const { mac, macAddress, vm, vmAddress } = this.network;
    if (this.kind === "netem") {
      return await probe({ from: mac, to: vm, address: vmAddress, port: PROBE_PORT, count });
    }
    await using _ = await Relay.startBetween(vm, { address: macAddress, port: PROBE_PORT }, {
      ...{ address: vmAddress, program: "impaired_relay", args: [`${this.seed}`] },
      port: PROBE_RELAY_PORT,
    });
    return await probe({ from: mac, to: mac, address: vmAddress, port: PROBE_RELAY_PORT, count });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.relay?.[Symbol.asyncDispose]();
  }
}

async function probe(
  { from, to, address, port, count }: {
    readonly from: Namespace;
    readonly to: Namespace;
    readonly address: string;
    readonly port: number;
    readonly count: number;
  },
): Promise<ProbeResult> {
  const program = await compiledProgram("numbered_datagrams");
  await using receiver = to.spawn([program, "receive", `${PROBE_PORT}`, `${count}`]);
  await receiver.stdout.waitFor(/"listening"/);
  await using _ = from.spawn([program, "send", address, `${port}`, `${count}`]);
  const { received, duplicated, reordered } = JSON.parse(
    await receiver.stdout.waitFor(/"received"/, { deadline: 30_000 }),
  );
  return { lost: count - received, duplicated, reordered };
}

/** Whether the kernel has netem; the namespace's end takes it with itself. */
async function addNetem(namespace: Namespace): Promise<boolean> {
  const { code } = await namespace.run(["tc", "qdisc", "add", "dev", "eth0", "root", "netem", ...NETEM]);
  return code === 0;
}
