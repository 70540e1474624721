import assert from "node:assert/strict";
import { answerChallenge } from "../../core/protocol/challenge.ts";
import { encodeDescription } from "../../core/protocol/description.ts";
import { encodeHeartbeat } from "../../core/protocol/heartbeat.ts";
import { heartbeatMac } from "../../core/protocol/heartbeat_mac.ts";
import { linuxSocketAddress } from "../../ffi/udp/socket_address.ts";
import type { UdpSocket } from "../../ffi/udp/udp_socket.ts";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { endpoint } from "../../tests/literals.ts";
import { ClientLinks, type ClientLinksDeps } from "./client_links.ts";

const NOW = Date.UTC(2026, 0, 1);
const HEARTBEAT = Uint8Array.of(0);
const DESCRIPTION = encodeDescription({ version: "0.1.0", addresses: ["192.168.251.1"] });
const SOURCE = linuxSocketAddress.encode(endpoint("127.0.0.1:4000"));
const SECRET = heartbeatMac("secret");

/** Links with all that they did to the outside. */
function openLinks(changes: Partial<ClientLinksDeps> = {}) {
  const steps: string[] = [];
  const sent = { udp: [] as string[], stream: [] as string[] };
  const text = (datagram: Uint8Array) =>
    datagram[0] === 1 ? new TextDecoder().decode(datagram.subarray(3)) : `${datagram[0]}:${datagram.length}`;
  let challenge: Uint8Array | undefined;
  const links = new ClientLinks({
    clock: new FakeClock(NOW),
    startedAt: NOW - 3_600_000,
    proof: undefined,
    keyPending: false,
    onPathUnbound: () => {},
    mtu: 1400,
    controlText: () => "version 2",
    revisionText: (revision) => `revision ${revision}`,
    hasIpv6: true,
    codec: linuxSocketAddress,
    socket: { send: (datagram: Uint8Array) => sent.udp.push(text(datagram)) > 0 } as unknown as UdpSocket,
    dataPlane: {
      bindPeer: () => void steps.push("udp bound"),
      bindStream: () => void steps.push("stream bound"),
      sendOnStream: (datagram) => {
        if (datagram[0] === 0) challenge = datagram.slice();
        sent.stream.push(text(datagram));
      },
      carryIpv6: (isOn) => void steps.push(`IPv6 ${isOn ? "on" : "off"}`),
    },
    onChange: () => {},
    ...changes,
  });
  const hear = (path: "udp" | "engine", bytes: Uint8Array, fromPeer = false) => {
    const source = path === "udp" ? SOURCE : new Uint8Array();
    links.handleMessage({ kind: "message", path, bytes, source, fromPeer }, NOW);
  };
  return {
    links,
    steps,
    sent,
    hear,
    challenge: () => challenge ?? assert.fail("no challenge was sent"),
    [Symbol.dispose]: () => links[Symbol.dispose](),
  };
}

Deno.test("a heartbeat binds the path on which it came, and no other", () => {
  using scene = openLinks();
  scene.links.openStream();
  scene.hear("engine", HEARTBEAT);
  assert.deepEqual(scene.steps, ["IPv6 off", "stream bound"]);
  assert.deepEqual([scene.links.udp, scene.sent.udp], [undefined, []]);
  assert.equal(scene.links.client, scene.links.stream);
  scene.hear("udp", HEARTBEAT);
  assert.deepEqual(scene.steps.slice(2), ["IPv6 off", "udp bound"]);
  assert.deepEqual([scene.sent.udp, scene.sent.stream], [["version 2"], ["version 2"]]);
});

Deno.test("the key is proven on each path", () => {
  using scene = openLinks({ proof: SECRET });
  scene.hear("udp", encodeHeartbeat(SECRET, NOW));
  assert.deepEqual(scene.steps, ["IPv6 off", "udp bound"]);
  scene.links.openStream();
  scene.hear("engine", HEARTBEAT);
  scene.hear("engine", encodeHeartbeat(heartbeatMac("guess"), NOW + 1));
  scene.hear("engine", DESCRIPTION);
  assert.deepEqual([scene.links.stream, scene.links.refused, scene.sent.stream], [undefined, 2, []]);
  // A time that was used on the other path counts on this one: each has a proof of its own.
  scene.hear("engine", encodeHeartbeat(SECRET, NOW));
  assert.equal(scene.steps.at(-1), "stream bound");
});

Deno.test("a proof whose time is an hour off is challenged over the stream, and the answer binds", () => {
  using scene = openLinks({ proof: SECRET });
  scene.links.openStream();
  scene.hear("engine", encodeHeartbeat(SECRET, NOW - 7_200_000));
  assert.deepEqual([scene.links.stream, scene.sent.stream], [undefined, ["0:17"]]);
  const answer = answerChallenge(SECRET, scene.challenge());
  scene.hear("engine", answer);
  assert.deepEqual(scene.steps, ["IPv6 off", "stream bound"]);
});

Deno.test("another key is required on both paths, and binds again", () => {
  using scene = openLinks();
  scene.links.openStream();
  scene.hear("engine", HEARTBEAT);
  scene.links.requireKey(SECRET);
  scene.links.openStream();
  scene.hear("engine", HEARTBEAT);
  assert.equal(scene.links.stream, undefined);
  scene.hear("engine", encodeHeartbeat(SECRET, NOW));
  assert.notEqual(scene.links.stream, undefined);
});

Deno.test("IPv6 is carried as long as a client that described itself is there by any path", () => {
  using scene = openLinks();
  scene.links.openStream();
  scene.hear("engine", HEARTBEAT);
  scene.hear("engine", DESCRIPTION, true);
  assert.equal(scene.steps.at(-1), "IPv6 on");
  scene.hear("udp", HEARTBEAT);
  assert.equal(scene.steps.at(-2), "IPv6 on", "the other path's client has not described itself yet");
  assert.equal(scene.links.client?.description?.version, "0.1.0");
  scene.links.closeStream();
  assert.equal(scene.steps.at(-1), "IPv6 off");
  scene.hear("udp", DESCRIPTION, true);
  assert.equal(scene.steps.at(-1), "IPv6 on");
});

Deno.test("a control text of any length is one message of the stream, and a change goes by both paths", () => {
  const long = `version 2,${Array.from({ length: 1_500 }, () => "connect 172.18.0.0 172.19.0.0").join(",")}`;
  using scene = openLinks({ controlText: () => long });
  scene.links.openStream();
  scene.hear("engine", HEARTBEAT);
  assert.deepEqual(scene.sent.stream, [long]);
  scene.hear("udp", HEARTBEAT);
  assert.ok(scene.sent.udp.length > 1, "as datagrams it is cut");
  scene.sent.udp.length = scene.sent.stream.length = 0;
  scene.links.sendChange("connect 172.20.0.0 172.21.0.0");
  assert.deepEqual(scene.sent, {
    udp: ["connect 172.20.0.0 172.21.0.0"],
    stream: ["connect 172.20.0.0 172.21.0.0"],
  });
});

Deno.test("what comes by a stream that has ended counts for nothing, and what it refused stays counted", () => {
  using scene = openLinks({ proof: SECRET });
  scene.links.openStream();
  scene.hear("engine", HEARTBEAT);
  scene.links.openStream();
  scene.hear("engine", HEARTBEAT);
  scene.links.closeStream();
  scene.links.closeStream();
  scene.hear("engine", encodeHeartbeat(SECRET, NOW));
  assert.deepEqual([scene.links.refused, scene.links.stream, scene.steps.includes("stream bound")], [
    2,
    undefined,
    false,
  ]);
});
