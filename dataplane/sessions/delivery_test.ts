import assert from "node:assert/strict";
import { addressToUint32 } from "../../core/net/address.ts";
import { ipv4Ranges } from "../../core/sharing/prefix_set.ts";
import { COUNTERS, SessionCounter, type SessionCounterName } from "../../core/counters.ts";
import type { Inbound } from "../inbound.ts";
import type { Outbound } from "../outbound.ts";
import { PacketMemory } from "../../ffi/libc/packet_memory.ts";
import type { TunPort } from "../../ffi/tun/tun.ts";
import { address, prefix } from "../../tests/literals.ts";
import { AccessorDelivery, ServerDelivery } from "./delivery.ts";
import type { ExposedDeps } from "./exposed_inbound.ts";
import { SessionMemory } from "./session_memory.ts";

const AT = 64;

/** A session whose address is 192.168.251.3, what comes out for it, and why the rest does not. */
function scene() {
  const memory = new PacketMemory(1 << 20);
  const shared = SessionMemory.allocate(1);
  const out: number[] = [];
  const parts = {
    bytes: memory.arena.u8,
    shared,
    table: { slots: 1, address: Uint32Array.of(addressToUint32(address("192.168.251.3"))) },
    batch: { now: 0, drop: (_slot: number, reason: number) => void shared.counters[reason]++ },
  } as unknown as ExposedDeps;
  const tun = { write: (_at: number, length: number) => void out.push(length) } as unknown as TunPort;
  const drops = () => {
    const names = (Object.keys(COUNTERS) as SessionCounterName[]).filter((name) => name.startsWith("drop."));
    return names.filter((name) => (shared.counters[SessionCounter[name]] ?? 0) > 0);
  };
  /** Lays a packet out and returns its length. */
  const lay = (
    from: string,
    to: string,
    protocol = 17,
    payload: readonly number[] = [],
    options: readonly number[] = [],
  ) => {
    const header = 20 + options.length;
    const length = header + payload.length;
    memory.arena.u8.fill(0, AT, AT + length);
    memory.arena.u8.set([0x40 | header / 4, 0, length >> 8, length & 0xff], AT);
    memory.arena.u8[AT + 9] = protocol;
    memory.arena.u8.set(address(from).bytes, AT + 12);
    memory.arena.u8.set(address(to).bytes, AT + 16);
    memory.arena.u8.set(options, AT + 20);
    memory.arena.u8.set(payload, AT + header);
    return length;
  };
  return { memory, parts, tun, out, drops, lay };
}

/** A loose source route by way of 10.0.0.1, padded. */
const SOURCE_ROUTE = [131, 7, 4, 10, 0, 0, 1, 0];

function accessorScene() {
  const common = scene();
  const delivery = new AccessorDelivery(common.parts, common);
  delivery.exposed.replace(ipv4Ranges([prefix("192.168.251.2/32"), prefix("172.20.0.0/16")]));
  delivery.virtualNetwork.replace(ipv4Ranges([prefix("192.168.251.0/24")]));
  return { ...common, delivery };
}

Deno.test("an accessor takes packets from routed networks and the server alone", () => {
  const { delivery, lay, out, drops } = accessorScene();
  delivery.deliver(0, AT, lay("172.20.0.5", "192.168.251.3"));
  delivery.deliver(0, AT, lay("192.168.251.2", "192.168.251.3"));
  assert.deepEqual(drops(), []);
  for (const source of ["192.168.1.1", "172.21.0.5", "192.168.251.1", "127.0.0.1"]) {
    delivery.deliver(0, AT, lay(source, "192.168.251.3"));
  }
  assert.equal(out.length, 2);
  assert.deepEqual(drops(), ["drop.sourceNotExposed"]);
});

Deno.test("an accessor takes the client's reports of errors", () => {
  const { delivery, lay, out } = accessorScene();
  // Destination unreachable (3) and an echo reply (0) (RFC 792), with room for the packet that they are about.
  const rest = new Array(27).fill(0);
  delivery.deliver(0, AT, lay("192.168.251.1", "192.168.251.3", 1, [3, ...rest]));
  assert.equal(out.length, 1);
  delivery.deliver(0, AT, lay("192.168.251.1", "192.168.251.3", 1, [0, ...rest]));
  delivery.deliver(0, AT, lay("10.0.0.1", "192.168.251.3", 1, [3, ...rest]));
  assert.equal(out.length, 1);
});

Deno.test("a packet with a source route is dropped, at an accessor and at a server", () => {
  const { delivery, lay, out } = accessorScene();
  delivery.deliver(0, AT, lay("172.20.0.5", "192.168.251.3", 17, [], SOURCE_ROUTE));
  assert.deepEqual(out, []);

  const { memory, parts, tun, lay: layServer, out: outServer, drops } = scene();
  const server = new ServerDelivery(parts, memory, {} as Outbound, { tun } as unknown as Inbound);
  server.ownAddress = addressToUint32(address("192.168.251.2"));
  server.deliver(0, AT, layServer("192.168.251.3", "192.168.251.2", 17, [], [148, 4, 0, 0]));
  assert.equal(outServer.length, 1);
  server.deliver(0, AT, layServer("192.168.251.3", "192.168.251.2", 17, [], SOURCE_ROUTE));
  assert.equal(outServer.length, 1);
  assert.deepEqual(drops(), ["drop.notExposed"]);
});
