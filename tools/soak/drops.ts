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
  noClient: "the interfaces' own messages before a path is up",
  sendBufferFull: "more was sent than a path takes while it changes",
  tooLong: "packets that are too long for another path are answered by ICMP",
  noSession: "packets to a teammate who has gone",
  noSessionKey: "packets to a teammate whose session begins",
  unknownIndex: "messages of a session that has ended",
  expiredKey: "messages by keys of a session that has ended",
  notExposed: "packets of a teammate to networks that are not shared",
  ipv6: "sessions carry no IPv6",
};

/** Dropped packets of one program by reason. */
export interface Drops {
  readonly program: string;
  readonly reasons: Readonly<Record<string, number>>;
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
