/**
 * From the start of a program to the first packet through it, beside a played peer: a UDP socket that sends an echo
 * request as soon as the program can take it and looks out for the reply, which the kernel behind the TUN interface
 * gives.
 *
 * @module
 */
import { type ClientStatus, type CommonStatus, type ServerStatus } from "../tests/topology/control_socket.ts";
import { Daemon } from "../tests/topology/daemon.ts";
import { echoReplyPattern, echoRequest } from "../tests/topology/echo_packet.ts";
import type { Network } from "../tests/topology/network.ts";
import {
  CLIENT_VIRTUAL_ADDRESS,
  defaultConfig,
  SERVER_PORT,
  SERVER_VIRTUAL_ADDRESS,
} from "../tests/topology/tunnel.ts";
import { UdpPeer } from "../tests/topology/udp_peer.ts";
import { pause, withDeadline } from "../tests/topology/wait.ts";
import type { Figures } from "./figures.ts";
import { startToFirstPacket } from "./metrics.ts";

/** A client's plain heartbeat (docs/internals/protocol.md). */
const HEARTBEAT = "00";
/** Milliseconds between two requests: the resolution of what is measured. */
const INTERVAL = 10;
/** Milliseconds until a program that carries nothing is given up. */
const DEADLINE = 10_000;

/** Sends what `packets` holds again and again until a datagram matches. */
async function insist(
  peer: UdpPeer,
  host: string,
  port: number,
  packets: readonly string[],
  reply: RegExp,
): Promise<void> {
  let answered = false;
  const wait = withDeadline("an echo reply", peer.receive(reply, DEADLINE), DEADLINE)
    .finally(() => answered = true);
  const send = async () => {
    while (!answered) {
      for (const packet of packets) await peer.send(host, port, packet);
      await pause(INTERVAL);
    }
  };
  await Promise.all([wait, send()]);
}

/** Starts a program, does what its peer does, and returns the milliseconds until that is over. */
async function time<Status extends CommonStatus>(
  start: () => Daemon<Status>,
  play: () => Promise<void>,
): Promise<number> {
  const before = performance.now();
  await using program = start();
  try {
    await play();
  } catch (error) {
    throw new Error(`No packet came through:\n${program.transcript()}`, { cause: error });
  }
  return performance.now() - before;
}

/** The server: heartbeats and echo requests come in from the start, until one is answered. */
async function timeServer(network: Network): Promise<number> {
  const { mac, vm, macAddress, folder } = network;
  await using peer = await UdpPeer.open(vm);
  const config = `${folder}/start.conf`;
  await Deno.writeTextFile(config, defaultConfig(network));
  const request = echoRequest(CLIENT_VIRTUAL_ADDRESS, SERVER_VIRTUAL_ADDRESS, 1);
  const args = ["run", "--config", config, "--host", "0.0.0.0"];
  const control = `${folder}/start.sock`;
  return await time(
    () => new Daemon<ServerStatus>({ namespace: mac, program: "docker-connector", args, control }),
    () => insist(peer, macAddress, SERVER_PORT, [HEARTBEAT, request], echoReplyPattern(request)),
  );
}

/** The client: echo requests answer its first heartbeat, until one is answered in turn. */
async function timeClient({ mac, vm, macAddress, folder }: Network): Promise<number> {
  await using peer = await UdpPeer.open(mac, SERVER_PORT);
  const request = echoRequest(SERVER_VIRTUAL_ADDRESS, CLIENT_VIRTUAL_ADDRESS, 1);
  const args = ["run", "--host", macAddress, "--port", String(SERVER_PORT)];
  const control = `${folder}/start.sock`;
  return await time(
    () => new Daemon<ClientStatus>({ namespace: vm, program: "docker-connector-client", args, control }),
    async () => {
      const { host, port } = await peer.receive(/^00$/, DEADLINE);
      await insist(peer, host, port, [request], echoReplyPattern(request));
    },
  );
}

/** One round, on a topology without a tunnel. */
export async function measureStart(network: Network, figures: Figures): Promise<void> {
  figures.add(startToFirstPacket("server"), "docker-connector", await timeServer(network));
  figures.add(startToFirstPacket("client"), "docker-connector", await timeClient(network));
}
