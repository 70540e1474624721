import assert from "node:assert/strict";
import { ping } from "../topology/ping.ts";
import { SERVER_INTERFACE } from "../topology/server_side.ts";
import { transfer } from "../topology/transfer.ts";
import { SERVER_VIRTUAL_ADDRESS } from "../topology/tunnel.ts";
import { tunnelTest } from "../topology/tunnel_test_case.ts";

for (const [mtu, underlayMtu, containerMtu] of [[1400, 1500, 1500], [9000, 9000, 9500]] as const) {
  tunnelTest(
    `packets of ${mtu} bytes pass and no larger ones`,
    { mtu, underlayMtu, containerMtu },
    async ({ network, tunnel, step }) => {
      const { mac } = network;
      const container = network.container();

      await step("the interfaces and the status carry the MTU", async () => {
        assert.match(await mac.ip("-o", "link", "show", SERVER_INTERFACE), new RegExp(` mtu ${mtu} `));
        assert.match(await network.vm.ip("-o", "link", "show", "connector0"), new RegExp(` mtu ${mtu} `));
        assert.equal((await tunnel.server.status())?.interface.mtu, mtu);
        assert.equal((await tunnel.client.status())?.interface.mtu, mtu);
      });

      for (
        const [title, from, address] of [
          ["to a container", mac, container.address],
          ["from a container", container.namespace, SERVER_VIRTUAL_ADDRESS],
        ] as const
      ) {
        await step(title, async () => {
          const fits = await ping(from, address, { count: 3, packetSize: mtu });
          assert.equal(fits.received, 3, fits.text);
          const tooLarge = await ping(from, address, { packetSize: mtu + 1 });
          assert.equal(tooLarge.received, 0, tooLarge.text);
          assert.match(tooLarge.text, /message too long|Frag(mentation)? needed/i);
        });
      }

      await step("a transfer both ways", async () => {
        const { namespace, address } = container;
        await transfer({ from: namespace, address, to: mac, bytes: 20_000_000 });
        await transfer({ from: mac, address: SERVER_VIRTUAL_ADDRESS, to: namespace, bytes: 20_000_000 });
      });
    },
  );
}
