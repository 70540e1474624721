import assert from "node:assert/strict";
import { loadPacketCipher } from "../../ffi/aead/load_cipher.ts";
import { PacketMemory } from "../../ffi/libc/packet_memory.ts";
import { SESSION_STATS, SessionMemory, SessionStat } from "./session_memory.ts";
import { KEY_PAIRS, PAIR_BITS, SessionTable } from "./session_table.ts";

const SLOTS = 4;
const SLOT = 2;
const LIMIT = 2 ** 53;

async function openTable() {
  const memory = SessionMemory.allocate(SLOTS);
  const cipher = await loadPacketCipher(new PacketMemory(1 << 20), SLOTS * KEY_PAIRS * 2, "wasm");
  const table = new SessionTable(SLOTS, cipher, memory);
  table.set(SLOT, { address: 7, endpoint: undefined, legacy: false });
  const install = (localIndex: number, initiator: boolean, slot = SLOT) => {
    const key = () => new Uint8Array(32).fill(localIndex);
    const keys = { send: key(), receive: key(), localIndex, remoteIndex: localIndex + 1000, initiator };
    return table.install(slot, keys, LIMIT, 60_000);
  };
  const current = () => memory.stats[SLOT * SESSION_STATS + SessionStat.currentIndex];
  const known = (...indices: number[]) => indices.filter((index) => table.indices.get(index) >= 0);
  return { table, memory, install, current, known };
}

Deno.test("keys of a handshake that we began are sent on at once, those before them still come in", async () => {
  const { install, current, known } = await openTable();
  for (let index = 1; index <= 20; index++) {
    assert.ok(install(index, true));
    assert.equal(current(), index);
    assert.deepEqual(known(index - 2, index - 1, index), index === 1 ? [1] : [index - 1, index]);
  }
});

Deno.test("keys that we answered with wait for their first message", async () => {
  const { table, install, current, known } = await openTable();
  install(1, true);
  for (let index = 2; index <= 20; index++) {
    assert.ok(install(index, false));
    assert.equal(current(), index - 1, "not yet");
    const pair = table.indices.get(index);
    assert.equal(table.isNext[pair], 1);
    assert.equal(pair >> PAIR_BITS, SLOT);
    assert.equal(table.confirm(pair), index);
    assert.equal(current(), index);
    assert.equal(table.isNext[pair], 0);
    assert.deepEqual(known(index - 2, index - 1, index), [index - 1, index]);
  }
});

Deno.test("an unanswered row of handshakes leaves only the last of them", async () => {
  const { install, current, known } = await openTable();
  install(1, true);
  for (let index = 2; index <= 20; index++) assert.ok(install(index, false));
  assert.equal(current(), 1);
  assert.deepEqual(known(1, 2, 18, 19, 20), [1, 20]);
});

Deno.test("expired keys are forgotten, those of another session are not", async () => {
  const { table, install, current, known } = await openTable();
  table.set(0, { address: 8, endpoint: undefined, legacy: false });
  install(1, true);
  install(2, true);
  install(3, true, 0);
  table.expire(SLOT, 3);
  table.expire(SLOT, 2);
  assert.deepEqual(known(1, 2, 3), [1, 3]);
  assert.equal(current(), 0);
  assert.equal(table.current[SLOT], -1);
});

Deno.test("a session that ends leaves no keys and no address; a legacy one takes no keys", async () => {
  const { table, install, known } = await openTable();
  install(1, true);
  install(2, false);
  assert.equal(table.addresses.get(7), SLOT);
  table.set(SLOT, undefined);
  assert.deepEqual(known(1, 2), []);
  assert.equal(table.addresses.get(7), -1);
  assert.equal(install(3, true), false);
  table.set(SLOT, { address: 9, endpoint: undefined, legacy: true });
  assert.equal(install(4, true), false);
  assert.equal(table.isLegacy[SLOT], 1);
  assert.equal(table.addresses.get(9), SLOT);
});

Deno.test("an address that another session took over stays with that one", async () => {
  const { table } = await openTable();
  table.set(0, { address: 7, endpoint: undefined, legacy: false });
  table.set(SLOT, undefined);
  assert.equal(table.addresses.get(7), 0);
});
