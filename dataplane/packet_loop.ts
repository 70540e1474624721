/**
 * The Worker's loop: wait for the interface, the socket or a wake, take one batch from each that is ready, again.
 *
 * @module
 */
import { Counter } from "../core/counters.ts";
import { DatagramList } from "../core/packet/datagram_list.ts";
import { PacketMemory } from "../ffi/packet_memory.ts";
import { Poller } from "../ffi/poll.ts";
import { attachTun } from "../ffi/tun.ts";
import { attachUdpSocket } from "../ffi/udp_socket.ts";
import { WakeReceiver } from "../ffi/wake.ts";
import { type Command, type Event, SharedState, type Start } from "./channel.ts";
import { Inbound } from "./inbound.ts";
import { Outbound } from "./outbound.ts";

/** Received datagrams and read frames, headers, iovecs, and room to spare. Untouched pages cost nothing. */
const MEMORY_SIZE = 16 << 20;
/** Datagrams of one batch; the smallest segments the kernel makes (48 octets) cut 64 KiB into 1,365. */
const LIST_CAPACITY = 2048;
/** A wake ends every wait; this bounds the harm of one that is lost. */
const WAIT_MILLISECONDS = 1000;

const WAKE = 0;
const TUN = 1;
const UDP = 2;

/** Runs until told to stop, or until a descriptor dies. */
export async function runPacketLoop(
  start: Start,
  post: (event: Event) => void,
  commands: { next(): Command | undefined },
): Promise<void> {
  const shared = new SharedState(start.shared);
  const { counters } = shared;
  const memory = new PacketMemory(MEMORY_SIZE);
  const tun = await attachTun(memory, start.tun.descriptor, start.tun.offload, counters);
  const udp = await attachUdpSocket(memory, start.udp, counters);
  const outbound = new Outbound(tun, udp, new DatagramList(memory.arena, LIST_CAPACITY), counters);
  const inbound = new Inbound(
    start.role,
    tun,
    udp,
    memory.arena.u8,
    counters,
    (offset, length, run, fromPeer) => {
      if (!shared.noteMessage()) {
        counters[Counter["drop.messageBacklog"]]++;
        return;
      }
      const bytes = memory.arena.u8.slice(offset, offset + length);
      post({ kind: "message", source: udp.runSource(run), fromPeer, bytes });
    },
  );
  outbound.peerIsBound = start.udp.connected;
  using wake = new WakeReceiver(start.wakeDescriptor);
  using poller = new Poller(memory, [wake.descriptor, tun.descriptor, udp.descriptor]);

  let told = 0;
  const spin = (): Event | undefined => {
    for (;;) {
      if (udp.refusals !== told) {
        post({ kind: "refused", refusals: udp.refusals & ~told });
        told = udp.refusals;
      }
      poller.wait(outbound.isBehind ? 0 : WAIT_MILLISECONDS);
      if (poller.isReady(WAKE)) wake.clear();
      if (shared.commandPending) return undefined;
      if ((outbound.isBehind || poller.isReady(TUN)) && !outbound.drain()) {
        return { kind: "failed", call: "tun", errno: tun.failure };
      }
      if (poller.isReady(UDP) && !inbound.drain()) return { kind: "failed", call: "udp", errno: udp.failure };
    }
  };

  post({ kind: "ready" });
  for (;;) {
    const failure = spin();
    if (failure !== undefined) return post(failure);
    while (shared.commandPending) {
      const command = commands.next();
      if (command === undefined) {
        await nextTurn();
        continue;
      }
      shared.noteCommandDone();
      if (command.kind === "stop") return post({ kind: "stopped" });
      if (command.kind === "ipv6") outbound.ipv6IsOn = inbound.ipv6IsOn = command.isOn;
      else {
        outbound.peerIsBound = command.socketAddress !== undefined || start.udp.connected;
        udp.setEndpoint(command.index, command.socketAddress ?? new Uint8Array());
      }
    }
  }
}

/** Lets the Worker's event loop deliver messages. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
