/**
 * A server's data plane in `mac` and an accessor's in `vm`, with keys installed by hand on both sides.
 *
 *     mac 192.168.251.2 === 10.77.0.1:2512 --veth-- 10.77.0.2:2513 === 192.168.251.3 vm
 *
 * @module
 */
import type { CipherChoice } from "../../ffi/aead/load_cipher.ts";
import type { Network } from "./network.ts";
import { SessionEnd } from "./session_end.ts";
import { CLIENT_VIRTUAL_ADDRESS, SERVER_VIRTUAL_ADDRESS } from "./tunnel.ts";

/** The accessor's address in the tunnel. */
export const ACCESSOR_VIRTUAL_ADDRESS = "192.168.251.3";
/** Port of the exposed socket. */
export const EXPOSED_PORT = 2512;
/** Port of the accessor's socket. */
export const ACCESSOR_PORT = 2513;
/** Slot of the accessor's session at the server. */
export const SESSION = 5;

/** How a pair is made. */
export interface SessionPairOptions {
  readonly cipher?: CipherChoice;
  readonly offload?: boolean;
  /** Bytes; 1400 where absent. */
  readonly mtu?: number;
  /** Runs a program in the place of the running Deno with the V8 flags of the compiled programs. */
  readonly argv?: readonly string[];
}

/** 32 octets as text. */
export function makeKey(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toHex();
}

/** Both ends. Disposal ends them. */
export class SessionPair implements AsyncDisposable {
  #handshakes = 0;

  private constructor(
    readonly network: Network,
    readonly server: SessionEnd,
    readonly accessor: SessionEnd,
  ) {}

  /** Starts both and installs the first keys. */
  static async start(network: Network, options: SessionPairOptions = {}): Promise<SessionPair> {
    await using stack = new AsyncDisposableStack();
    const { mac, vm, macAddress } = network;
    const offload = options.offload ?? true;
    const common = { tun: "connector0", offload };
    const server = stack.use(await SessionEnd.start(mac, { ...common, role: "server" }, options.argv));
    const accessor = stack.use(await SessionEnd.start(vm, { ...common, role: "accessor" }, options.argv));
    const mtu = String(options.mtu ?? 1400);
    for (
      const [namespace, address] of [[mac, SERVER_VIRTUAL_ADDRESS], [vm, ACCESSOR_VIRTUAL_ADDRESS]] as const
    ) {
      await namespace.ip("link", "set", common.tun, "mtu", mtu, "up");
      await namespace.ip("addr", "add", `${address}/24`, "dev", common.tun);
    }
    const cipher = options.cipher ?? "auto";
    await server.step({ do: "attach", port: EXPOSED_PORT, slots: 1024, cipher });
    await server.step({
      do: "answers",
      ownAddress: SERVER_VIRTUAL_ADDRESS,
      clientAddress: CLIENT_VIRTUAL_ADDRESS,
      pong: false,
      legacy: false,
    });
    await accessor.step({ do: "attach", port: ACCESSOR_PORT, slots: 1, cipher });
    await accessor.step({ do: "routes", prefixes: [`${SERVER_VIRTUAL_ADDRESS}/32`] });
    const pair = new SessionPair(network, server, accessor);
    await server.step({ do: "session", slot: SESSION, address: ACCESSOR_VIRTUAL_ADDRESS });
    const endpoint = `${macAddress}:${EXPOSED_PORT}`;
    await accessor.step({ do: "session", slot: 0, address: ACCESSOR_VIRTUAL_ADDRESS, endpoint });
    await pair.rekey();
    stack.move();
    return pair;
  }

  /** Installs new keys on both sides, as after a handshake that the accessor began. */
  async rekey(): Promise<{ readonly serverIndex: number; readonly accessorIndex: number }> {
    const [there, back] = [makeKey(), makeKey()];
    const serverIndex = 0x1000_0000 + this.#handshakes;
    const accessorIndex = 0xf000_0000 + this.#handshakes++;
    await this.server.step({
      ...{ do: "keys", slot: SESSION, send: back, receive: there, initiator: false },
      ...{ localIndex: serverIndex, remoteIndex: accessorIndex },
    });
    await this.accessor.step({
      ...{ do: "keys", slot: 0, send: there, receive: back, initiator: true },
      ...{ localIndex: accessorIndex, remoteIndex: serverIndex },
    });
    // The whitepaper's way to confirm them when there is nothing else to send (section 6.3).
    await this.accessor.step({ do: "text", slot: 0, hex: "" });
    return { serverIndex, accessorIndex };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.accessor[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}
