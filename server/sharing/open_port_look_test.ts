import { deepEqual, equal } from "node:assert/strict";
import { parseAddress } from "../../core/net/address.ts";
import { openUdpSocket } from "../../ffi/udp/udp_socket.ts";
import { openPortLook } from "./open_port_look.ts";
import type { LazySharing } from "./lazy_sharing.ts";
import { reachableAddress } from "./reachable_address.ts";

const ANY = parseAddress("0.0.0.0");
// Opens the C library, which stays open.
if (ANY !== undefined) (await openUdpSocket({ address: ANY, port: 0 })).close();
const own = ANY && await reachableAddress(ANY, "connector0");

Deno.test({
  name:
    "a look at the port is no login of the original's accessor, which is answered and not counted (needs an address on Linux)",
  ignore: own?.family !== 4,
  async fn() {
    using stack = new DisposableStack();
    const socket = stack.adopt(
      Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port: 0 }),
      (socket) => socket.close(),
    );
    const { port } = socket.addr as Deno.NetAddr;
    const drops = { malformed: 0 };
    const noted: number[] = [];
    const sharing = {
      status: { listen: `0.0.0.0:${port}`, drops },
      noteOwn: (count: number) => void noted.push(count),
    } as unknown as LazySharing;
    const look = stack.use(openPortLook(sharing, "connector0"));
    const asked = look.ask();
    const [datagram] = await socket.receive();
    drops.malformed++;
    await asked;
    equal(datagram[0] === 0 || datagram[0] === 1, false);
    deepEqual([look.fault, noted.length], [undefined, 1]);
  },
});
