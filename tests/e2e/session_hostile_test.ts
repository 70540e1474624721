import assert from "node:assert/strict";
import { echoReplyPattern, echoRequest } from "../topology/echo_packet.ts";
import { HandSession } from "../topology/hand_session.ts";
import { residentBytes } from "../topology/resident_memory.ts";
import { strangerFlood } from "../topology/relay.ts";
import type { SessionReport } from "../topology/session_end.ts";
import { ACCESSOR_VIRTUAL_ADDRESS, EXPOSED_PORT } from "../topology/session_pair.ts";
import { SERVER_VIRTUAL_ADDRESS } from "../topology/tunnel.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";

const DATAGRAMS = 100_000;
/** Resident memory may grow by this many bytes: room for the collector, a fraction of what is sent. */
const GROWTH_LIMIT = 96 << 20;

const dropped = ({ counters }: SessionReport) =>
  Object.entries(counters).reduce(
    (total, [name, count]) => total + (name.startsWith("drop.") ? count : 0),
    0,
  );

for (const cipher of ["libcrypto", "wasm"] as const) {
  networkTest(`nothing that strangers send disturbs a session, ${cipher}`, {}, async (network, t) => {
    await using session = await HandSession.start(network, cipher);
    const { mac, vm, macAddress } = network;
    const { server } = session;
    const works = async (sequence: number) => {
      const request = echoRequest(ACCESSOR_VIRTUAL_ADDRESS, SERVER_VIRTUAL_ADDRESS, sequence);
      await session.sendPacket(request);
      const reply = await session.receive();
      assert.match(reply.slice(0, request.length), echoReplyPattern(request));
    };
    await works(1);

    const unharmed = async (flood: () => Promise<unknown>, least: number) => {
      const before = await session.report();
      const memory = await residentBytes(server.process.pid);
      await flood();
      await works(2);
      const after = await session.report();
      assert.equal(after.endpoint, before.endpoint);
      assert.equal(after.facts.receivedPackets, before.facts.receivedPackets + 1);
      const drops = dropped(after) - dropped(before);
      assert.ok(drops > least, `${drops} drops were counted: ${JSON.stringify(after.counters)}`);
      const growth = await residentBytes(server.process.pid) - memory;
      assert.ok(growth < GROWTH_LIMIT, `memory grew by ${growth >> 20} MiB`);
    };

    await t.step(`${DATAGRAMS} random datagrams`, async () => {
      await unharmed(
        () =>
          Promise.all([vm, mac].map((from) => strangerFlood(from, macAddress, EXPOSED_PORT, DATAGRAMS / 2))),
        DATAGRAMS / 2,
      );
    });

    await t.step(`${DATAGRAMS} of its own messages, replayed, cut, flipped, mixed`, async () => {
      const messages = Array.from(
        { length: 300 },
        (_, index) =>
          session.seal(echoRequest(ACCESSOR_VIRTUAL_ADDRESS, SERVER_VIRTUAL_ADDRESS, index, index * 4)),
      );
      for (const message of messages) {
        await session.send(message);
        await session.receive();
      }
      await unharmed(async () => {
        const flood = vm.spawnScript("message_flood.ts", [
          macAddress,
          String(EXPOSED_PORT),
          String(DATAGRAMS),
        ]);
        for (const message of messages) await flood.send(message);
        await flood.endInput();
        await flood.stdout.waitFor(/^sent$/, { deadline: 60_000 });
        await flood.wait();
      }, DATAGRAMS / 4);
      const { counters } = await session.report();
      for (const reason of ["drop.forged", "drop.replayed", "drop.unknownIndex", "drop.malformed"]) {
        assert.ok((counters[reason] ?? 0) > 0, `${reason} is among them`);
      }
    });
  });
}
