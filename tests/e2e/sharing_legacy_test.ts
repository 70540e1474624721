import assert from "node:assert/strict";
import { echoReplyPattern, echoRequest } from "../topology/echo_packet.ts";
import { ANNA, BERT, SHARED, SHARED_CONFIG, sharingTest } from "../topology/shared_tunnel.ts";
import { EXPOSED_PORT } from "../topology/session_pair.ts";
import { UdpPeer } from "../topology/udp_peer.ts";
import { WireguardPeer } from "../topology/wireguard_peer.ts";

const LEGACY_CONFIG = SHARED_CONFIG.replace(SHARED.expose, `expose 0.0.0.0:${EXPOSED_PORT} legacy\n`);
const login = (token: string, first = "01") => first + new TextEncoder().encode(token).toHex();
const text = (hex: string) => new TextDecoder().decode(Uint8Array.fromHex(hex));
/** Milliseconds in which a server that answers at all has answered. */
const SILENCE = 500;

sharingTest(
  "the original's accessor logs in where legacy is set",
  { config: LEGACY_CONFIG },
  async (context) => {
    const { network, step } = context;
    await using accessor = await UdpPeer.open(network.lan().namespace);
    const send = (hex: string) => accessor.send(network.macLanAddress, EXPOSED_PORT, hex);
    const packet = echoRequest(ANNA.address, network.container().address, 1);

    await step("its first login and its packets are answered by 02", async () => {
      await send(login(ANNA.token, "00"));
      assert.equal((await accessor.receive()).hex, "02");
      await send(packet);
      assert.equal((await accessor.receive()).hex, "02");
    });

    await step("a login with a token that does not exist is not answered", async () => {
      await send(login("guess"));
      await assert.rejects(accessor.receive(/^/, SILENCE));
    });

    await step("a login is answered, and its packets are carried", async () => {
      await send(login(ANNA.token));
      assert.equal(
        text((await accessor.receive(/^01/)).hex),
        `\x01addr ${ANNA.address}/24,peer 192.168.251.2,mtu 1400,route 172.20.0.0/16`,
      );
      await send(packet);
      assert.match((await accessor.receive()).hex, echoReplyPattern(packet));
    });

    await step("what is not exposed, or in another's name, is dropped", async () => {
      await send(echoRequest(ANNA.address, network.container(1).address, 1));
      await send(echoRequest(BERT.address, network.container().address, 1));
      const { sessions } = await context.waitForSharing(
        "both are counted",
        ({ drops }) => drops["notExposed"] === 1 && drops["spoofedSource"] === 1,
      );
      assert.deepEqual(sessions.map(({ address, legacy }) => [address, legacy]), [[ANNA.address, true]]);
    });

    await step("a changed route is told", async () => {
      await context.configure(LEGACY_CONFIG.replace("route 172.21.0.0/16", "$& expose"));
      assert.match(
        text((await accessor.receive(/^01/)).hex),
        /route 172\.20\.0\.0\/16,route 172\.21\.0\.0\/16$/,
      );
    });

    await step(
      "WireGuard with the same token takes its place, and plaintext cannot take it back",
      async () => {
        await using encrypted = await WireguardPeer.open(network, ANNA.token);
        await encrypted.handshake();
        await encrypted.receiveLogin();
        await send(packet);
        assert.equal((await accessor.receive()).hex, "02");
        await send(login(ANNA.token));
        await assert.rejects(accessor.receive(/^/, SILENCE));
        await encrypted.send(packet);
        assert.match((await encrypted.receive(/^45/)).slice(0, packet.length), echoReplyPattern(packet));
      },
    );

    await step("without legacy it is out, and its login refused", async () => {
      await send(login(BERT.token));
      await accessor.receive(/^01/);
      await context.configure(SHARED_CONFIG);
      await context.waitForSharing("plaintext is off", ({ legacy }) => !legacy);
      await send(packet);
      await send(login(BERT.token));
      await assert.rejects(accessor.receive(/^/, SILENCE));
      const { sessions } = await context.sharing();
      assert.deepEqual(sessions.map(({ legacy }) => legacy), [false]);
    });
  },
);
