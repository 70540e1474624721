/**
 * A tunnel whose server shares a container network with accessors of the local network.
 *
 * @module
 */
import { EXPOSED_PORT } from "./session_pair.ts";
import type { SharingStatus } from "./control_socket.ts";
import { type Needs } from "./gate.ts";
import type { Network } from "./network.ts";
import { Tunnel } from "./tunnel.ts";
import { networkTest, withTranscript } from "./tunnel_test_case.ts";

/** Tokens as `token generate` makes them, and their addresses. */
export const ANNA = { token: "8k3m5n7p9q2r4s6t8v1w3x5y7z", address: "192.168.251.3" } as const;
/** The second one. */
export const BERT = { token: "k7wz2m9x4c6v8b1n3q5r7t0y2d", address: "192.168.251.4" } as const;
/** A token that no config file has. */
export const STRANGER = "zzq4m7n2p8c3x9v5b1k6w0t7y2";

/** Lines of a config file: the first container network is exposed, the second is not. */
export const SHARED = {
  routes: "route 172.20.0.0/16 expose\nroute 172.21.0.0/16\n",
  expose: `expose 0.0.0.0:${EXPOSED_PORT}\n`,
  anna: `token ${ANNA.token} ${ANNA.address}\n`,
  bert: `token ${BERT.token} ${BERT.address}\n`,
} as const;

/** All of them. */
export const SHARED_CONFIG: string = Object.values(SHARED).join("");

/** Milliseconds in which the keys of all tokens are derived, each of which takes some 40 ms of a core that is not busy. */
const TOKENS_LIMIT = 60_000;

/** A test's context. */
export interface SharedTunnel {
  readonly network: Network;
  readonly tunnel: Tunnel;
  /** A step whose failure shows the logs of server and client. */
  step(name: string, body: () => Promise<void>): Promise<boolean>;
  /** The sharing's status, which there must be. */
  sharing(): Promise<SharingStatus>;
  /** Waits until the sharing's status is as wanted. */
  waitForSharing(
    what: string,
    accept: (sharing: SharingStatus) => boolean,
    deadline?: number,
  ): Promise<SharingStatus>;
  /** Writes the server's config file, which the server follows. */
  configure(text: string): Promise<void>;
}

/** Registers a test over such a tunnel, whose tokens are ready. */
export function sharingTest(
  name: string,
  { lans = 1, config = SHARED_CONFIG }: { readonly lans?: number; readonly config?: string },
  body: (context: SharedTunnel) => Promise<void>,
  needs?: Needs,
): void {
  networkTest(name, { containers: [1, 1], lans }, async (network, t) => {
    await using tunnel = await Tunnel.start(network, { config });
    const { server, configFile } = tunnel;
    const context: SharedTunnel = {
      network,
      tunnel,
      step: (title, run) => t.step(title, () => withTranscript(tunnel, run)),
      async sharing() {
        const sharing = (await server.status())?.sharing;
        if (sharing === undefined || sharing === null) throw new Error("the server shares nothing");
        return sharing;
      },
      async waitForSharing(what, accept, deadline) {
        const wanted = (sharing: SharingStatus | null) => sharing !== null && accept(sharing);
        await server.waitForStatus(what, ({ sharing }) => wanted(sharing), deadline);
        return await context.sharing();
      },
      configure: (text) => Deno.writeTextFile(configFile, text),
    };
    await withTranscript(tunnel, async () => {
      await context.waitForSharing(
        "the tokens are ready",
        ({ cipher, deriving }) => cipher !== null && deriving === 0,
        TOKENS_LIMIT,
      );
      await body(context);
    });
  }, needs);
}
