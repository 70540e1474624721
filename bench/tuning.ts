/**
 * Settings of the machine that decide on figures and that nobody sees in them.
 *
 * @module
 */

/** The settings. */
export interface Tuning {
  /** Bytes of socket buffers: the default, and the most that an ordinary program gets (socket(7)). */
  readonly socketBuffers: Readonly<Record<"rmem_default" | "rmem_max" | "wmem_default" | "wmem_max", number>>;
  /** The processors that the benchmark and all that it starts may run on, and all that there are, as in "0-3,6". */
  readonly processors: { readonly allowed: string; readonly online: string; readonly isPinned: boolean };
  /** How the first processor's clock is chosen, as in "performance"; null where the kernel does not tell. */
  readonly governor: string | null;
  /** The Deno that ran the benchmark, and the sealed part from source. */
  readonly deno: string;
}

/** An interface of a topology. */
export interface Link {
  readonly subject: string;
  /** The namespace that it is in. */
  readonly end: "mac" | "vm";
  readonly name: string;
  readonly mtu: number;
  /** Packets that wait in it at most; null where it has no queue. */
  readonly txQueueLength: number | null;
}

/** Buffers of the UDP sockets of one process. */
export interface SocketBuffers {
  readonly subject: string;
  /** The namespace that they are in. */
  readonly end: "mac" | "vm";
  readonly port: number;
  /** Bytes, as the kernel counts them: twice what a program asked for (socket(7)). */
  readonly receive: number;
  readonly send: number;
}

/** Where `ip -json link` is run. */
interface Place {
  exec(argv: readonly string[]): Promise<string>;
}

/** Buffers of the sockets in what `ss -H -u -a -n -m` prints (ss(8): skmem has rb and tb). */
export function parseSockets(text: string): Omit<SocketBuffers, "subject" | "end">[] {
  const pattern = /^\S+\s+\d+\s+\d+\s+\S*:(\d+)\s[^]*?skmem:\(r\d+,rb(\d+),t\d+,tb(\d+)/gm;
  return [...text.matchAll(pattern)].map(([, port, receive, send]) => ({
    port: Number(port),
    receive: Number(receive),
    send: Number(send),
  }));
}

/** A subject and the two namespaces that its tunnel joins. */
interface Topology {
  readonly subject: string;
  readonly network: { readonly mac: Place; readonly vm: Place };
}

/** The processors that a process may run on, from the text of /proc/PID/status (proc(5)). */
export function parseAllowedProcessors(status: string): string {
  const list = /^Cpus_allowed_list:\s+(\S+)$/m.exec(status)?.[1];
  if (list === undefined) throw new Error(`Cannot read Cpus_allowed_list from: ${status}`);
  return list;
}

/** The interfaces but the loopback one, from what `ip -json link` prints. */
export function parseLinks(json: string): Omit<Link, "subject" | "end">[] {
  const links: { ifname: string; mtu: number; txqlen?: number }[] = JSON.parse(json);
  return links.filter(({ ifname }) => ifname !== "lo").map(({ ifname, mtu, txqlen }) => ({
    name: ifname,
    mtu,
    txQueueLength: txqlen ?? null,
  }));
}

async function optional(path: string): Promise<string | null> {
  try {
    return (await Deno.readTextFile(path)).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

const setting = async (name: string) => Number(await Deno.readTextFile(`/proc/sys/net/core/${name}`));

/** Asks the machine. */
export async function describeTuning(): Promise<Tuning> {
  const allowed = parseAllowedProcessors(await Deno.readTextFile("/proc/self/status"));
  const online = await optional("/sys/devices/system/cpu/online") ?? allowed;
  return {
    socketBuffers: {
      rmem_default: await setting("rmem_default"),
      rmem_max: await setting("rmem_max"),
      wmem_default: await setting("wmem_default"),
      wmem_max: await setting("wmem_max"),
    },
    processors: { allowed, online, isPinned: allowed !== online },
    governor: await optional("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
    deno: Deno.version.deno,
  };
}

/** Asks each topology for its UDP sockets. */
export async function describeSockets(topologies: readonly Topology[]): Promise<SocketBuffers[]> {
  const sockets: SocketBuffers[] = [];
  for (const { subject, network } of topologies) {
    for (const end of ["mac", "vm"] as const) {
      const found = parseSockets(await network[end].exec(["ss", "-H", "-u", "-a", "-n", "-m"]));
      sockets.push(...found.map((socket) => ({ subject, end, ...socket })));
    }
  }
  return sockets;
}

const mebibytes = (bytes: number) => `${Number((bytes / 2 ** 20).toFixed(1))} MiB`;

/** What is not equal between the tunnels, in words: the buffers of their sockets, the queues of their interfaces. */
export function describeInequality(links: readonly Link[], sockets: readonly SocketBuffers[]): string {
  const subjects = [...new Set(sockets.map(({ subject }) => subject))];
  const buffers = subjects.map((subject) => {
    const own = sockets.filter((socket) => socket.subject === subject);
    const [receive, send] = [
      Math.max(...own.map((one) => one.receive)),
      Math.max(...own.map((one) => one.send)),
    ];
    return `${subject} ${mebibytes(receive)} and ${mebibytes(send)}`;
  });
  const tunnels = links.filter(({ subject, name }) =>
    subjects.includes(subject) && /^(?:connector|utun|wg)/.test(name)
  );
  const queues = [...new Set(tunnels.map(({ txQueueLength }) => txQueueLength ?? 0))];
  const queue = queues.length === 1
    ? `the tunnels' queues are equal, ${queues[0]} packets`
    : `the tunnels' queues are ${
      tunnels.map(({ subject, txQueueLength }) => `${subject} ${txQueueLength}`).join(", ")
    } packets`;
  if (buffers.length === 0) return "No tunnel of this run has sockets";
  return `Buffers of UDP sockets (receive and send, as the kernel counts) are each program's own: ${
    buffers.join("; ")
  }; ${queue}`;
}

/** Asks each topology for its interfaces. */
export async function describeLinks(topologies: readonly Topology[]): Promise<Link[]> {
  const links: Link[] = [];
  for (const { subject, network } of topologies) {
    for (const end of ["mac", "vm"] as const) {
      const found = parseLinks(await network[end].exec(["ip", "-json", "link"]));
      links.push(...found.map((link) => ({ subject, end, ...link })));
    }
  }
  return links;
}
