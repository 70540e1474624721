import { openUdpSocket } from "../../ffi/udp/udp_socket.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import type { LazySharing } from "./lazy_sharing.ts";
import { PortLook } from "./port_look.ts";
import { reachableAddress } from "./reachable_address.ts";

/** What is counted as malformed, also where plaintext logins are admitted: those begin with 00 or 01. */
const LOOK = Uint8Array.of(0xff);

/**
 * A look at the sharing port by sockets of this machine.
 *
 * @param tunnel name of the tunnel's interface
 */
export function openPortLook(sharing: Pick<LazySharing, "status" | "noteOwn">, tunnel: string): PortLook {
  return new PortLook({
    status: () => sharing.status,
    noteOwn: (count) => sharing.noteOwn(count),
    addressOf: (listen) => reachableAddress(listen, tunnel),
    open: async (family) => {
      const any = { family, bytes: new Uint8Array(family === 4 ? 4 : 16) };
      const socket = await openUdpSocket({ address: any, port: 0 });
      return {
        send: (to) => void socket.send(LOOK, to),
        [Symbol.dispose]: () => socket[Symbol.dispose](),
      };
    },
    clock: SYSTEM_CLOCK,
  });
}
