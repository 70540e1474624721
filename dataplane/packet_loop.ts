/**
 * The Worker's loop: wait for the interface, a socket or a wake, take one batch from each that is ready, again.
 *
 * @module
 */
import { Counter } from "../core/counters.ts";
import { DatagramList } from "../core/packet/datagram_list.ts";
import { PacketMemory } from "../ffi/packet_memory.ts";
import { Poller } from "../ffi/poll.ts";
import { attachTun } from "../ffi/tun.ts";
import { attachUdpSocket, type UdpPort } from "../ffi/udp_socket.ts";
import { WakeReceiver } from "../ffi/wake.ts";
import { type Command, type Event, SharedState, type Start } from "./channel.ts";
import { Inbound } from "./inbound.ts";
import { Outbound } from "./outbound.ts";
import type { HostParts, SessionHost } from "./sessions/session_host.ts";

/** Received datagrams of two sockets and read frames, headers, iovecs, and room to spare. Untouched pages cost nothing. */
const MEMORY_SIZE = 20 << 20;
/** Datagrams of one batch; the smallest segments the kernel makes (48 octets) cut 64 KiB into 1,365. */
const LIST_CAPACITY = 2048;
/** A wake ends every wait; this bounds the harm of one that is lost. */
const WAIT_MILLISECONDS = 1000;

const WAKE = 0;
const TUN = 1;
const UDP = 2;
const EXPOSED = 3;

/** The two ways between the interface and the client or server. */
interface Ways {
  readonly udp: UdpPort;
  readonly outbound: Outbound;
  readonly inbound: Inbound;
}

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
  const list = new DatagramList(memory.arena, LIST_CAPACITY);

  const attachWays = async (attachment: NonNullable<Start["udp"]>): Promise<Ways> => {
    const udp = await attachUdpSocket(memory, attachment, counters);
    const outbound = new Outbound(tun, udp, list, counters);
    outbound.peerIsBound = attachment.connected;
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
    return { udp, outbound, inbound };
  };
  const ways = start.udp === undefined ? undefined : await attachWays(start.udp);

  let sessions: SessionHost | undefined;
  using wake = new WakeReceiver(start.wakeDescriptor);
  // An accessor reads its interface while it has an exposed socket.
  using poller = new Poller(memory, [
    wake.descriptor,
    ways === undefined ? -1 : tun.descriptor,
    ways?.udp.descriptor ?? -1,
    -1,
  ]);
  const pollSessions = () => {
    const descriptor = sessions?.descriptor ?? -1;
    poller.replace(EXPOSED, descriptor);
    if (ways === undefined) poller.replace(TUN, descriptor < 0 ? -1 : tun.descriptor);
  };

  let told = 0;
  const tellRefusals = (refusals: number) => {
    if (refusals !== told) post({ kind: "refused", refusals: refusals & ~told });
    told = refusals;
  };
  const spin = (): Event | undefined => {
    for (;;) {
      if (ways !== undefined) tellRefusals(ways.udp.refusals);
      const isBehind = ways?.outbound.isBehind === true || sessions?.isBehind === true;
      poller.wait(isBehind ? 0 : WAIT_MILLISECONDS);
      if (poller.isReady(WAKE)) wake.clear();
      if (shared.commandPending) return undefined;
      sessions?.tick();
      if (isBehind || poller.isReady(TUN)) {
        const isThere = ways === undefined ? sessions?.drainInterface() : ways.outbound.drain();
        if (isThere === false) return { kind: "failed", call: "tun", errno: tun.failure };
      }
      if (ways !== undefined && poller.isReady(UDP) && !ways.inbound.drain()) {
        return { kind: "failed", call: "udp", errno: ways.udp.failure };
      }
      if (poller.isReady(EXPOSED) && sessions?.drainSocket() === false) pollSessions();
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
      if (command.kind === "sessions") {
        sessions ??= await loadSessions({
          ...{ memory, tun, list, counters, client: ways },
          post: (event) => post({ kind: "sessions", event }),
        });
        await sessions.take(command.command);
        pollSessions();
      } else if (ways === undefined) continue;
      else if (command.kind === "ipv6") ways.outbound.ipv6IsOn = ways.inbound.ipv6IsOn = command.isOn;
      else {
        ways.outbound.peerIsBound = command.socketAddress !== undefined || start.udp?.connected === true;
        ways.udp.setEndpoint(command.index, command.socketAddress ?? new Uint8Array());
      }
    }
  }
}

async function loadSessions(parts: HostParts): Promise<SessionHost> {
  return new (await import("./sessions/session_host.ts")).SessionHost(parts);
}

/** Lets the Worker's event loop deliver messages. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
