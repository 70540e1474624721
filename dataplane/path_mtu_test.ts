import assert from "node:assert/strict";
import { Counter } from "../core/counters.ts";
import { noise, packetOf, plainTcp, plainUdp, SYN } from "../core/offload/packets_fixture.ts";
import { TxQueue } from "../core/packet/tx_queue.ts";
import { PacketMemory } from "../ffi/libc/packet_memory.ts";
import type { TunPort } from "../ffi/tun/tun.ts";
import { PathMtu } from "./path_mtu.ts";

const SOURCE4 = Uint8Array.of(192, 168, 251, 1);
const SOURCE6 = Uint8Array.of(0xfd, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
const v6 = { source: noise(16, 3).fill(0xfd, 0, 1), destination: noise(16, 4).fill(0xfd, 0, 1) };
const AT = 1 << 18;

/** An interface, what was written to it, and to what length its kernel cuts. */
function scene() {
  const memory = new PacketMemory(1 << 20);
  const written: Uint8Array[] = [];
  const cut: number[] = [];
  const tun = {
    write: (at: number, length: number) => void written.push(memory.arena.u8.slice(at, at + length)),
    flush: () => {},
    cutTcp: (longest: number) => void cut.push(longest),
  } as unknown as TunPort;
  const mtu = new PathMtu(memory, tun);
  const list = new TxQueue(memory.arena, 8);
  const counters = new Float64Array(64);
  /** Puts a packet at the beginning of the list. */
  const lay = (packet: Uint8Array) => {
    list.clear();
    memory.arena.u8.set(packet, AT);
    list.pushWhole(AT, packet.length);
  };
  const mayGo = (packet: Uint8Array, isStream = false) => {
    lay(packet);
    return mtu.mayGo(list, 0, isStream, counters);
  };
  const dropped = () => counters[Counter["drop.tooLong"]];
  return { memory, mtu, list, written, cut, lay, mayGo, dropped };
}

const tcpOf = (length: number, changes = {}) =>
  packetOf({ ...plainTcp, ...changes, payload: noise(length, 1) });

Deno.test("a packet that is too long for datagrams is answered and counted, by each version of IP", () => {
  const { mtu, mayGo, written, dropped } = scene();
  mtu.answerTooLong({ mtu: 1400, source4: SOURCE4, source6: SOURCE6 });
  assert.ok(mayGo(tcpOf(1360)));
  assert.ok(mayGo(tcpOf(15_960), true), "a stream takes it");
  assert.deepEqual([written.length, dropped()], [0, 0]);
  assert.equal(mayGo(tcpOf(1361)), false);
  assert.equal(mayGo(tcpOf(1361, v6)), false);
  const [four, six] = written;
  assert.deepEqual([four?.[20], four?.[21], four?.[26], four?.[27]], [3, 4, 0x05, 0x78]);
  assert.deepEqual([...four?.subarray(12, 20) ?? []], [...SOURCE4, ...plainTcp.source]);
  assert.deepEqual([six?.[40], six?.[46], six?.[47]], [2, 0x05, 0x78]);
  assert.deepEqual([...six?.subarray(8, 24) ?? []], [...SOURCE6]);
  assert.equal(dropped(), 2);
});

Deno.test("an IPv4 packet that may be fragmented goes", () => {
  const { mtu, mayGo, written, dropped } = scene();
  mtu.answerTooLong({ mtu: 1400, source4: SOURCE4, source6: undefined });
  assert.ok(mayGo(packetOf({ ...plainUdp, fragment: 0, payload: noise(9000, 1) })));
  assert.deepEqual([written.length, dropped()], [0, 0]);
});

Deno.test("a flood of packets that are too long is answered a hundred times, and counted whole", () => {
  const { mtu, mayGo, written, dropped } = scene();
  mtu.answerTooLong({ mtu: 1400, source4: SOURCE4, source6: undefined });
  const start = performance.now();
  for (let count = 0; count < 1000; count++) mayGo(tcpOf(2000));
  const refilled = Math.ceil((performance.now() - start) / 10);
  assert.ok(written.length >= 100 && written.length <= 100 + refilled, String(written.length));
  assert.equal(dropped(), 1000);
});

Deno.test("packets of a device with offload pass as they are", () => {
  const { mayGo, written } = scene();
  assert.ok(mayGo(tcpOf(40_000)));
  assert.deepEqual(written, []);
});

/** A SYN with this MSS. */
const synOf = (mss: number, changes = {}) =>
  packetOf({
    ...plainTcp,
    ...changes,
    payload: new Uint8Array(),
    tcp: { ...plainTcp.tcp, flags: SYN, options: Uint8Array.of(2, 4, mss >>> 8, mss) },
  });

const PEER = { length: 16_000, behind: 1500, own: 1400, mayRaise: true };

for (const [version, changes, headers] of [[4, {}, 40], [6, v6, 60]] as const) {
  const { memory, mtu, list, cut, lay } = scene();
  const after = (mss: number, change: () => void) => {
    lay(synOf(mss, changes));
    change();
    return memory.arena.view.getUint16(AT + headers + 2);
  };
  const raised = (mss: number) => after(mss, () => mtu.raise(list, 0));
  const lowered = (mss: number) => after(mss, () => mtu.lower(AT, list.lengths[0] ?? 0));

  Deno.test(`IPv${version}: SYNs to a server with a long MTU ask for packets of that length`, () => {
    mtu.followPeer(PEER);
    assert.equal(raised(1500 - headers), 16_000 - headers);
    assert.equal(raised(9000 - headers), 16_000 - headers);
    assert.equal(raised(1499 - headers), 1499 - headers, "less than is cut is meant so");
    assert.deepEqual(cut, [1500]);
  });

  Deno.test(`IPv${version}: SYNs from there ask for no more than the client's own interface takes`, () => {
    mtu.followPeer(PEER);
    assert.equal(lowered(16_000 - headers), 1400 - headers);
    assert.equal(lowered(1300 - headers), 1300 - headers);
  });

  Deno.test(`IPv${version}: SYNs stay as they are where nothing cuts, and with any other server`, () => {
    mtu.followPeer({ ...PEER, mayRaise: false });
    assert.equal(raised(1500 - headers), 1500 - headers);
    mtu.followPeer(undefined);
    assert.equal(raised(1500 - headers), 1500 - headers);
    assert.equal(lowered(16_000 - headers), 16_000 - headers);
    assert.equal(cut.at(-1), 65_535);
  });
}
