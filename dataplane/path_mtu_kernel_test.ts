/** What the kernel makes of the reports about packets that are too long. */
import assert from "node:assert/strict";
import { COUNTER_BYTES } from "../core/counters.ts";
import { TxQueue } from "../core/packet/tx_queue.ts";
import { PacketMemory } from "../ffi/libc/packet_memory.ts";
import { AF_INET, AF_INET6, SOCK_DGRAM } from "../ffi/libc/constants_linux.ts";
import { linuxLibc } from "../ffi/libc/libc_linux.ts";
import { asRootOnLinux, PrivateNetwork } from "../ffi/netlink/private_network_fixture.ts";
import { LinuxTunPort, openLinuxTun } from "../ffi/tun/tun_linux.ts";
import { socketAddressCodec } from "../ffi/udp/udp_socket.ts";
import { address } from "../tests/literals.ts";
import { PathMtu } from "./path_mtu.ts";

// Opened for the life of the thread, so not in a test, where it would be a leak.
if (Deno.build.os === "linux") linuxLibc();

const LONG = 16_000;
const SHORT = 1400;

for (
  const [version, destination] of [[4, "172.20.0.2"], [6, "fd00:172:20::2"]] as const
) {
  Deno.test(
    `IPv${version}: a sender that is told keeps to the MTU of datagrams (needs root on Linux)`,
    asRootOnLinux,
    () => {
      using network = new PrivateNetwork();
      using device = openLinuxTun({ name: "long", offload: false });
      network.ip(`link set long mtu ${LONG} up`);
      network.ip("addr add 192.168.251.2 peer 192.168.251.1 dev long");
      network.ip("addr add fdc0:c0de:251::2 peer fdc0:c0de:251::1 dev long nodad");
      network.awaitOwnAddress("fdc0:c0de:251::2");
      network.ip("route add 172.20.0.0/16 dev long");
      network.ip("route add fd00:172:20::/64 dev long");
      const memory = new PacketMemory(16 << 20);
      const counters = new Float64Array(COUNTER_BYTES / Float64Array.BYTES_PER_ELEMENT);
      const port = new LinuxTunPort(memory, device.descriptor, device.offload, counters);
      const list = new TxQueue(memory.arena, 64);
      const mtu = new PathMtu(memory, port);
      mtu.answerTooLong({
        mtu: SHORT,
        source4: address("192.168.251.1").bytes,
        source6: address("fdc0:c0de:251::1").bytes,
      });
      const libc = linuxLibc();
      const socket = libc.socket(version === 4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
      const target = socketAddressCodec(version).encode({ address: address(destination), port: 9 });
      /** Sends so many octets in a datagram, and lets pass what may; returns its lengths, without the kernel's own short packets. */
      const send = (payload: number) => {
        const bytes = new Uint8Array(payload);
        assert.equal(libc.sendto(socket, bytes, payload, 0, target, target.length), payload);
        list.clear();
        while (port.read(list) > 0);
        const lengths = Array.from({ length: list.count }, (_, index) => index)
          .filter((index) => mtu.mayGo(list, index, false, counters))
          .map((index) => list.lengths[index] ?? 0)
          .filter((length) => length > 500);
        port.release();
        return lengths;
      };
      try {
        assert.equal(send(1000).length, 1);
        assert.deepEqual(send(5000), [], "it is too long");
        assert.match(network.ip(`route get ${destination}`), new RegExp(`mtu ${SHORT}\\b`));
        const again = send(5000);
        assert.ok(again.length >= 4 && again.every((length) => length <= SHORT), again.join());
      } finally {
        libc.close(socket);
      }
    },
  );
}
