import assert from "node:assert/strict";
import { formatAddress } from "../../core/net/address.ts";
import { formatPrefix } from "../../core/net/prefix.ts";
import { echoReplyPattern, echoRequest } from "../topology/echo_packet.ts";
import { ping, reachable } from "../topology/ping.ts";
import { ANNA, BERT, SHARED, SHARED_CONFIG, sharingTest, STRANGER } from "../topology/shared_tunnel.ts";
import { SERVER_VIRTUAL_ADDRESS } from "../topology/tunnel.ts";
import { fetchPage, servePage } from "../topology/web.ts";
import { WireguardAccessor } from "../topology/wireguard_accessor.ts";
import { WIREGUARD_NEEDS } from "../topology/wireguard_go.ts";
import { WireguardPeer } from "../topology/wireguard_peer.ts";

/** Milliseconds until a change of the config file must have reached the accessors. */
const CHANGE_LIMIT = 1_000;
/** Milliseconds in which a server that answers at all has answered. */
const SILENCE = 500;

sharingTest("a teammate with wireguard-go and the exported file", {}, async (context) => {
  const { network, tunnel: { configFile }, step } = context;
  const [exposed, hidden] = [network.container(0), network.container(1)];
  await using anna = await WireguardAccessor.start({
    network,
    lan: network.lan(),
    configFile,
    token: ANNA.token,
  });
  const { namespace } = anna;

  await step("reaches an exposed container and the server", async () => {
    await using _page = await servePage(exposed.namespace, network.folder, "hello from the container\n");
    assert.equal(await fetchPage(namespace, exposed.address), "hello from the container");
    assert.ok(await reachable(namespace, SERVER_VIRTUAL_ADDRESS));
    assert.equal((await ping(namespace, exposed.address, { packetSize: 1400 })).received, 1);
  });

  await step("does not reach a container that is not exposed, even if it lets itself", async () => {
    const key = (await namespace.exec(["wg", "show", anna.name, "peers"])).trim();
    await anna.device.set("peer", key, "allowed-ips", "0.0.0.0/0");
    await namespace.ip("route", "add", hidden.subnet, "dev", anna.name);
    assert.equal((await ping(namespace, hidden.address)).received, 0);
    assert.ok(((await context.sharing()).drops["notExposed"] ?? 0) > 0);
    assert.ok(await reachable(namespace, exposed.address));
  });

  await step("cannot speak in another's name: that is dropped and counted", async () => {
    await namespace.ip("addr", "add", `${BERT.address}/32`, "dev", anna.name);
    const { code } = await namespace.run(["ping", "-c", "1", "-W", "1", "-I", BERT.address, exposed.address]);
    assert.notEqual(code, 0);
    assert.ok(((await context.sharing()).drops["spoofedSource"] ?? 0) > 0);
    await namespace.ip("addr", "del", `${BERT.address}/32`, "dev", anna.name);
    assert.ok(await reachable(namespace, exposed.address));
  });

  await step("is reached by the container and by the server", async () => {
    assert.ok(await reachable(exposed.namespace, ANNA.address));
    assert.ok(await reachable(network.mac, ANNA.address));
    assert.equal((await ping(hidden.namespace, ANNA.address)).received, 0);
  });

  await step("shows in the status, by address and without secrets", async () => {
    const sharing = await context.sharing();
    const [session, ...others] = sharing.sessions;
    assert.equal(others.length, 0);
    assert.equal(session?.address, ANNA.address);
    assert.match(session?.endpoint ?? "", new RegExp(`^${network.lan().address}:\\d+$`));
    assert.ok((session?.received.packets ?? 0) > 3 && (session?.sent.packets ?? 0) > 3);
    assert.ok(!JSON.stringify(await context.tunnel.server.status()).includes(ANNA.token));
    assert.ok(!context.tunnel.transcript().includes(ANNA.token));
  });

  await step("is out at once when its token is removed, and in again when it is back", async () => {
    await context.configure(SHARED_CONFIG.replace(SHARED.anna, ""));
    await context.waitForSharing(
      "the session is gone",
      ({ sessions }) => sessions.length === 0,
      CHANGE_LIMIT,
    );
    assert.equal((await ping(namespace, exposed.address)).received, 0);
    await context.configure(SHARED_CONFIG);
    await anna.configure();
    assert.ok(await reachable(namespace, exposed.address, 10));
  });

  await step("is out when expose is switched off, and in again at another port", async () => {
    await context.configure(SHARED_CONFIG.replace(SHARED.expose, ""));
    await context.tunnel.server.waitForStatus("it is off", ({ sharing }) => sharing === null);
    assert.equal((await ping(namespace, exposed.address)).received, 0);
    await context.configure(SHARED_CONFIG.replace(SHARED.expose, "expose 0.0.0.0:2600\n"));
    await context.waitForSharing(
      "it listens there",
      ({ listen, cipher }) => listen === "0.0.0.0:2600" && cipher !== null,
    );
    const key = (await namespace.exec(["wg", "show", anna.name, "peers"])).trim();
    await anna.device.set("peer", key, "endpoint", `${network.macLanAddress}:2600`);
    assert.ok(await reachable(namespace, exposed.address, 15));
  });
}, WIREGUARD_NEEDS);

sharingTest("what accessors are told", {}, async (context) => {
  const { network, step } = context;
  await using anna = await WireguardPeer.open(network, ANNA.token);
  const echoTo = (address: string) => echoRequest(ANNA.address, address, 1);

  await step("the login reply follows the handshake", async () => {
    await anna.handshake();
    const login = await anna.receiveLogin();
    assert.equal(formatPrefix(login.address), `${ANNA.address}/24`);
    assert.equal(formatAddress(login.peer), SERVER_VIRTUAL_ADDRESS);
    assert.deepEqual([login.mtu, login.routes.map(formatPrefix)], [1400, ["172.20.0.0/16"]]);
  });

  await step("and answers the text 01", async () => {
    // After the repetitions of the first one.
    await context.waitForSharing(
      "all is quiet",
      ({ sessions }) => (sessions[0]?.lastHandshakeSeconds ?? 0) >= 2,
    );
    const before = anna.socket.received.length;
    await anna.send("01");
    while (anna.socket.received.length === before) await anna.receiveLogin();
  });

  await step("a packet comes back", async () => {
    const request = echoTo(network.container().address);
    await anna.send(request);
    assert.match((await anna.receive(/^45/)).slice(0, request.length), echoReplyPattern(request));
  });

  await step("a changed route is told within a second", async () => {
    await context.configure(SHARED_CONFIG.replace("route 172.21.0.0/16", "$& expose"));
    const start = performance.now();
    const { routes } = await anna.receiveLogin(({ routes }) => routes.length === 2);
    const took = performance.now() - start;
    assert.deepEqual(routes.map(formatPrefix), ["172.20.0.0/16", "172.21.0.0/16"]);
    assert.ok(took < CHANGE_LIMIT, `${took} ms`);
    const request = echoTo(network.container(1).address);
    await anna.send(request);
    assert.match((await anna.receive(/^45/)).slice(0, request.length), echoReplyPattern(request));
  });

  await step("and so is a changed address, by a handshake that the server begins", async () => {
    await context.configure(SHARED_CONFIG.replace(ANNA.address, "192.168.251.9"));
    const start = performance.now();
    await anna.answer();
    const { address } = await anna.receiveLogin();
    const took = performance.now() - start;
    assert.equal(formatPrefix(address), "192.168.251.9/24");
    assert.ok(took < CHANGE_LIMIT, `${took} ms`);
    await anna.send(echoTo(network.container().address));
    await context.waitForSharing(
      "the old address is refused",
      ({ drops }) => (drops["spoofedSource"] ?? 0) > 0,
    );
  });
});

sharingTest("a sender without a token gets no answer", { lans: 2 }, async (context) => {
  const { network, step } = context;
  await using stranger = await WireguardPeer.open(network, STRANGER, 1);
  await using anna = await WireguardPeer.open(network, ANNA.token);
  const initiation = stranger.begin().message.toHex();
  const flipped = (hex: string, at: number) =>
    hex.slice(0, at) + (parseInt(hex.charAt(at), 16) ^ 1).toString(16) + hex.slice(at + 1);

  for (
    const [title, datagram, reason] of [
      ["an initiation with another token", initiation, "unknownToken"],
      ["half an initiation", initiation.slice(0, 148), "malformed"],
      ["a login in clear", "01" + new TextEncoder().encode(ANNA.token).toHex(), "loginRefused"],
      ["a packet in clear", echoRequest(ANNA.address, network.container().address, 1), "notLoggedIn"],
      ["a message of no session", "04000000" + "07".repeat(60), "unknownIndex"],
    ] as const
  ) {
    await step(title, async () => {
      const before = (await context.sharing()).drops[reason] ?? 0;
      await stranger.sendDatagram(datagram);
      await context.waitForSharing("it is counted", ({ drops }) => (drops[reason] ?? 0) > before);
      await assert.rejects(stranger.socket.receive(/^/, SILENCE));
    });
  }

  await step("an initiation that somebody changed, or sends again", async () => {
    const genuine = anna.begin().message.toHex();
    // A changed timestamp breaks mac1 too, so the one who knows the public key makes that again: the seal is what counts.
    await anna.sendDatagram(flipped(genuine, 240));
    await assert.rejects(anna.socket.receive(/^/, SILENCE));
    await anna.sendDatagram(genuine);
    await anna.socket.receive(/^02000000/);
    const before = (await context.sharing()).drops["handshakeRefused"] ?? 0;
    await anna.sendDatagram(genuine);
    await context.waitForSharing("it is counted", ({ drops }) => (drops["handshakeRefused"] ?? 0) > before);
    await assert.rejects(anna.socket.receive(/^/, SILENCE));
  });

  await step("a login in clear is logged once, and names no token", async () => {
    const { loginRefused = 0, notLoggedIn = 0 } = (await context.sharing()).drops;
    const before = loginRefused + notLoggedIn;
    for (let time = 0; time < 3; time++) await stranger.sendDatagram("01" + "61".repeat(9));
    // Those that the log has nothing to say of do not reach the main thread.
    const refused = (drops: Record<string, number>) =>
      (drops["loginRefused"] ?? 0) + (drops["notLoggedIn"] ?? 0);
    await context.waitForSharing("they are counted", ({ drops }) => refused(drops) >= before + 3);
    const lines = context.tunnel.server.process.stderr.lines.filter((line) => line.includes("login refused"));
    assert.equal(lines.length, 1, lines.join("\n"));
    assert.match(lines[0] ?? "", /legacy/);
  });
});
