/**
 * Packets that the programs have dropped, and whether what went on explains them.
 *
 * @module
 */
import type { SoakScene } from "./scene.ts";

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

/** What server and accessor have dropped so far. */
export async function readDrops({ engine, anna }: SoakScene): Promise<Drops[]> {
  const [server, accessor] = await Promise.all([engine.server.status(), anna.status()]);
  return [
    { program: "server", reasons: server?.counters.drops ?? {} },
    { program: "server, sharing", reasons: server?.sharing?.drops ?? {} },
    { program: "accessor", reasons: accessor?.counters.drops ?? {} },
  ];
}
