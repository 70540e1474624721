/**
 * The Worker's loop: wait for the interface, a socket or a wake, take one batch from each that is ready, again.
 *
 * @module
 */
import { Counter } from "../core/counters.ts";
import { TxQueue } from "../core/packet/tx_queue.ts";
import { PacketMemory } from "../ffi/libc/packet_memory.ts";
import { Poller } from "../ffi/libc/poll.ts";
import { preferPacketThread } from "../ffi/libc/thread_priority.ts";
import { attachTun } from "../ffi/tun/tun.ts";
import { attachUdpSocket, type UdpPort } from "../ffi/udp/udp_socket.ts";
import { WakeListener } from "../ffi/libc/waker.ts";
import { SharedState, type WorkerCommand, type WorkerEvent, type WorkerInit } from "./worker_channel.ts";
import { CommandReader } from "./command_ring.ts";
import { Inbound } from "./inbound.ts";
import { MessageBudget } from "./message_budget.ts";
import { Outbound } from "./outbound.ts";
import type { Attach } from "./sessions/session_channel.ts";
import type { WorkerSessions, WorkerSessionsDeps } from "./sessions/worker_sessions.ts";

/** Received datagrams of two sockets and read frames, headers, iovecs, and room to spare. Untouched pages cost nothing. */
const MEMORY_SIZE = 20 << 20;
/** Datagrams of one batch; the smallest segments the kernel makes (48 octets) cut 64 KiB into 1,365. */
const LIST_CAPACITY = 2048;
/** A wake ends every wait, and none is lost: the descriptor keeps it. This only bounds the harm of a fault. */
const WAIT_MILLISECONDS = 60_000;
/** Commands between two batches: each takes some 20 us, and packets wait meanwhile. */
const COMMANDS_AT_ONCE = 4;

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
  start: WorkerInit,
  post: (event: WorkerEvent) => void,
  nextAttachment: () => Promise<Attach>,
): Promise<void> {
  preferPacketThread();
  const shared = new SharedState(start.shared);
  const commands = new CommandReader(start.commands);
  const { counters } = shared;
  const memory = new PacketMemory(MEMORY_SIZE);
  const tun = await attachTun(memory, start.tun.descriptor, start.tun.offload, counters);
  const list = new TxQueue(memory.arena, LIST_CAPACITY);

  const attachWays = async (attachment: NonNullable<WorkerInit["udp"]>): Promise<Ways> => {
    const udp = await attachUdpSocket(memory, attachment, counters);
    const outbound = new Outbound(tun, udp, list, counters);
    outbound.peerIsBound = attachment.connected;
    const budget = new MessageBudget(performance.now());
    const inbound = new Inbound(
      start.role,
      tun,
      udp,
      memory.arena.u8,
      counters,
      (offset, length, run, fromPeer) => {
        if (!budget.take(fromPeer, performance.now()) || !shared.noteMessage()) {
          counters[Counter["drop.messageBacklog"]]++;
          return;
        }
        const bytes = memory.arena.u8.slice(offset, offset + length);
        post({ kind: "message", source: udp.messageSource(run), fromPeer, bytes });
      },
    );
    return { udp, outbound, inbound };
  };
  const ways = start.udp === undefined ? undefined : await attachWays(start.udp);

  let sessions: WorkerSessions | undefined;
  using wake = new WakeListener(start.wakeDescriptor);
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
  const tellRefusals = (unsupported: number) => {
    if (unsupported !== told) post({ kind: "unsupported", unsupported: unsupported & ~told });
    told = unsupported;
  };
  const carryOut = (command: WorkerCommand) => {
    if (command.kind === "sessions") {
      sessions?.take(command.command);
      pollSessions();
    } else if (ways === undefined) return;
    else if (command.kind === "ipv6") ways.outbound.ipv6IsOn = ways.inbound.ipv6IsOn = command.isOn;
    else if (command.kind === "endpoint") {
      ways.outbound.peerIsBound = command.socketAddress !== undefined || start.udp?.connected === true;
      ways.udp.setEndpoint(command.index, command.socketAddress ?? new Uint8Array());
    }
  };
  /** Whether commands were left for after the next batches. */
  let commandsWait = false;
  /** Carries out a few commands; returns one that takes more than that. */
  const takeCommands = (): "attach" | "stop" | undefined => {
    commandsWait = false;
    for (let count = 0; count < COMMANDS_AT_ONCE; count++) {
      const command = commands.next();
      if (command === undefined) return undefined;
      if (command.kind === "attach" || command.kind === "stop") return command.kind;
      carryOut(command);
    }
    commandsWait = true;
    return undefined;
  };
  const spin = (): WorkerEvent | "attach" | "stop" => {
    for (;;) {
      if (ways !== undefined) tellRefusals(ways.udp.unsupported);
      const isBehind = ways?.outbound.isBehind === true || sessions?.isBehind === true;
      poller.wait(isBehind || commandsWait ? 0 : WAIT_MILLISECONDS);
      const isAwake = poller.isReady(WAKE);
      if (isAwake) wake.drain();
      if (isAwake || commandsWait) {
        const order = takeCommands();
        if (order !== undefined) return order;
      }
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
    const end = spin();
    if (end === "stop") return post({ kind: "stopped" });
    if (end !== "attach") return post(end);
    sessions ??= await loadSessions({
      ...{ memory, tun, list, counters, client: ways },
      post: (event) => post({ kind: "sessions", event }),
    });
    await sessions.attach(await nextAttachment());
    pollSessions();
    // More commands may have come with the same wake.
    commandsWait = true;
  }
}

async function loadSessions(parts: WorkerSessionsDeps): Promise<WorkerSessions> {
  return new (await import("./sessions/worker_sessions.ts")).WorkerSessions(parts);
}
