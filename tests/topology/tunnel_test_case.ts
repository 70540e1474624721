/**
 * The frame of an end-to-end test: a topology, a tunnel in it, and both logs in a failure's message.
 *
 * @module
 */
import { type Needs, topologyTest } from "./gate.ts";
import { defaultLink, Network, type NetworkOptions } from "./network.ts";
import { Tunnel, type TunnelOptions } from "./tunnel.ts";
import { USER_SPACE_NEEDS } from "./user_space_network.ts";

/** A test's context with a running tunnel. */
export interface TunnelContext {
  readonly network: Network;
  readonly tunnel: Tunnel;
  /** A step whose failure shows the logs of server and client. */
  step(name: string, body: () => Promise<void>): Promise<boolean>;
}

/** Adds the logs of both programs to the message of an error that the body throws. */
export async function withTranscript(tunnel: Tunnel, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    if (error instanceof Error) error.message += `\n${tunnel.transcript()}`;
    throw error;
  }
}

/** Registers a test that runs over a topology without a tunnel. */
export function networkTest(
  name: string,
  options: NetworkOptions,
  body: (network: Network, t: Deno.TestContext) => Promise<void>,
  needs?: Needs,
): void {
  topologyTest(name, async (t) => {
    await using network = await Network.create(options);
    await body(network, t);
  }, (options.link ?? defaultLink()) === "user-space" ? { ...USER_SPACE_NEEDS, ...needs } : needs);
}

/** Registers a test that runs over a tunnel of its own. */
export function tunnelTest(
  name: string,
  options: NetworkOptions & TunnelOptions,
  body: (context: TunnelContext) => Promise<void>,
): void {
  networkTest(name, options, async (network, t) => {
    await using tunnel = await Tunnel.start(network, options);
    const step = (title: string, run: () => Promise<void>) =>
      t.step(title, () => withTranscript(tunnel, run));
    await withTranscript(tunnel, () => body({ network, tunnel, step }));
  });
}
