import assert from "node:assert/strict";
import { echoReplyPattern, echoRequest } from "../topology/echo_packet.ts";
import { assertBounded } from "../topology/flood.ts";
import { HandSession } from "../topology/hand_session.ts";
import { strangerFlood } from "../topology/relay.ts";
import type { SessionReport } from "../topology/session_end.ts";
import { ACCESSOR_VIRTUAL_ADDRESS, EXPOSED_PORT } from "../topology/session_pair.ts";
import { SERVER_VIRTUAL_ADDRESS } from "../topology/tunnel.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";

const DATAGRAMS = 100_000;
/**
 * Octets by which the program may grow: less than the flood's 75 MB. It is the tests' own around the data plane, and prints each
 * datagram that goes to the main thread; sharing_hostile_test.ts looks at the server's memory.
 */
const GROWTH = 64 << 20;

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

    const unharmed = async (send: () => Promise<number>) => {
      const before = await session.report();
      await assertBounded(
        {
          pid: server.process.pid,
          namespace: mac,
          async counted() {
            const report = await session.report();
            // Initiations and logins go to the main thread, which tells of each.
            const told = (await server.events()).filter(({ event }) => event === "datagram");
            return dropped(report) + report.facts.receivedPackets + told.length;
          },
        },
        { send, recovered: () => works(2), accounted: 0.999, growth: GROWTH },
      );
      assert.equal((await session.report()).endpoint, before.endpoint);
    };

    await t.step(`${DATAGRAMS} random datagrams`, async () => {
      await unharmed(async () => {
        const floods = [vm, mac].map((from) => strangerFlood(from, macAddress, EXPOSED_PORT, DATAGRAMS / 2));
        return (await Promise.all(floods)).reduce((sum, sent) => sum + sent);
      });
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
        const sent = await flood.stdout.waitFor(/^\d+$/, { deadline: 60_000 });
        await flood.wait();
        return Number(sent);
      });
      const { counters } = await session.report();
      for (const reason of ["drop.decryptFailed", "drop.replayed", "drop.unknownIndex", "drop.malformed"]) {
        assert.ok((counters[reason] ?? 0) > 0, `${reason} is among them`);
      }
    });
  });
}
