/**
 * Packets that the programs have dropped, and whether what went on explains them.
 *
 * @module
 */
import { type ClientStatus, readStatus } from "../../tests/topology/control_socket.ts";
import { clientProcesses } from "./samples.ts";
import type { SoakScene } from "./scene.ts";

/** The client's control socket, in the root folder of its container. */
const CLIENT_SOCKET = "run/docker-connector-client.sock";

/** Reasons that the soak itself gives, and how. */
const EXPLAINED: Readonly<Record<string, string>> = {
  ipv6Off: "the interfaces' own messages of IPv6",
  noClient: "packets while no path is up: before the first one, and while the one that is set by name opens",
  sendBufferFull: "more was sent than a path takes while it changes",
  tooLong: "packets that are too long for another path are answered by ICMP",
  noSession: "packets to a teammate who has gone",
  noSessionKey: "packets to a teammate whose session begins",
  unknownIndex: "messages of a session that has ended",
  unknownPeer: "packets of the client from a new port or by a new stream, before it has proven itself there",
  controlQueueFull: "a teammate who joins asks twice within 50 ms, and is answered once",
  expiredKey: "messages by keys of a session that has ended",
  notExposed: "packets of a teammate to networks that are not shared",
  ipv6: "sessions carry no IPv6",
};

/** Dropped packets of one program by reason. */
export interface Drops {
  readonly program: string;
  readonly reasons: Readonly<Record<string, number>>;
}

/** What has come since an earlier look, as words; empty: nothing. */
export function newDrops(before: readonly Drops[], now: readonly Drops[]): string {
  return now.flatMap(({ program, reasons }, index) =>
    Object.entries(reasons).flatMap(([reason, count]) => {
      const more = count - (before[index]?.reasons[reason] ?? 0);
      return more > 0 ? [`${program} ${reason} +${more}`] : [];
    })
  ).join(", ");
}

/** Those that nothing of the soak explains, as lines. */
export function unexplained(drops: readonly Drops[]): string[] {
  return drops.flatMap(({ program, reasons }) =>
    Object.entries(reasons).filter(([reason, count]) => count > 0 && EXPLAINED[reason] === undefined)
      .map(([reason, count]) => `${program}: ${reason} ${count}`)
  );
}

/** What the three programs have dropped so far. */
export async function readDrops(scene: SoakScene): Promise<Drops[]> {
  const { engine, anna } = scene;
  const { client } = await clientProcesses(scene);
  const [server, accessor, clientStatus] = await Promise.all([
    engine.server.status(),
    anna.status(),
    client === undefined ? undefined : readStatus<ClientStatus>(`/proc/${client}/root/${CLIENT_SOCKET}`),
  ]);
  return [
    { program: "server", reasons: server?.counters.drops ?? {} },
    { program: "server, sharing", reasons: server?.sharing?.drops ?? {} },
    { program: "client", reasons: clientStatus?.counters.drops ?? {} },
    { program: "accessor", reasons: accessor?.counters.drops ?? {} },
  ];
}
