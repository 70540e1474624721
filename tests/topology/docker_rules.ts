/**
 * The rules that Docker Engine 28 makes for its bridges, laid by hand, so that tests start fast and can have bridges that no
 * Engine made. docker_rules_test.ts compares them with those of the real one.
 *
 * @module
 */
import type { Namespace } from "./namespace.ts";
import type { Container, Network } from "./network.ts";
import { mustRun } from "./process.ts";

/** The two iptables. */
export type Backend = "nft" | "legacy";

/** Engines whose rules differ. */
export type Engine = "28.0" | "28.2";

/** A bridge and the containers on it. */
export interface DockerBridge {
  readonly name: string;
  readonly subnet: string;
  readonly containers: readonly Pick<Container, "address">[];
}

/** The bridges of a network. */
export function dockerBridges(network: Network): DockerBridge[] {
  return [...Map.groupBy(network.containers, ({ subnet }) => subnet)]
    .map(([subnet, containers], index) => ({ name: `br${index}`, subnet, containers }));
}

/** What iptables-save printed, without dates and counters. */
export function plainRules(text: string): string {
  return text.split("\n").filter((line) => !line.startsWith("#"))
    .map((line) => line.replace(/ \[\d+:\d+\]$/, ""))
    .join("\n");
}

/**
 * The rules of each chain, in their order, and each chain's policy.
 *
 * @param text what iptables-save printed
 */
export function rulesByChain(text: string): ReadonlyMap<string, readonly string[]> {
  const chains = new Map<string, string[]>();
  let table = "";
  for (const line of plainRules(text).split("\n")) {
    const [first = "", chain = ""] = line.split(" ");
    if (first.startsWith("*")) table = first.slice(1);
    else if (first.startsWith(":")) chains.set(`${table} ${first.slice(1)}`, [`policy ${chain}`]);
    else if (first === "-A") chains.get(`${table} ${chain}`)?.push(line);
  }
  return chains;
}

/** One iptables of a namespace. */
export class DockerRules {
  constructor(readonly namespace: Namespace, readonly backend: Backend) {}

  /** Runs iptables with the arguments. */
  async iptables(...args: string[]): Promise<string> {
    return await this.namespace.exec([`iptables-${this.backend}`, ...args]);
  }

  /** All rules and chains, without dates and counters. */
  async save(): Promise<string> {
    return plainRules(await mustRun(this.namespace.argv([`iptables-${this.backend}-save`])));
  }

  /** The rules with the client's tag. */
  async tagged(): Promise<string[]> {
    return (await this.save()).split("\n").filter((line) => line.includes("--comment docker-connector"));
  }

  /**
   * Makes the chains and rules of dockerd, again where they are there, but for those that a user has in DOCKER-USER.
   *
   * Published ports are TCP 8080 of each container.
   */
  async lay(engine: Engine, bridges: readonly DockerBridge[]): Promise<void> {
    // Some rules of a new bridge go above those of others.
    const newestFirst = bridges.toReversed();
    await this.#restore([
      ["raw", [":PREROUTING ACCEPT"], bridges.flatMap((bridge) => dropRules(engine, bridge))],
      ["nat", [":DOCKER -"], [
        "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
        "-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER",
        ...newestFirst.map(({ name, subnet }) => `-A POSTROUTING -s ${subnet} ! -o ${name} -j MASQUERADE`),
        ...newestFirst.map(({ name }) => `-A DOCKER -i ${name} -j RETURN`),
      ]],
      ["filter", [
        ":FORWARD DROP",
        ":DOCKER -",
        ":DOCKER-BRIDGE -",
        ":DOCKER-CT -",
        ":DOCKER-FORWARD -",
        ":DOCKER-ISOLATION-STAGE-1 -",
        ":DOCKER-ISOLATION-STAGE-2 -",
        ...(await this.save()).includes(":DOCKER-USER ") ? [] : [":DOCKER-USER -"],
      ], [
        "-F FORWARD",
        "-A FORWARD -j DOCKER-USER",
        "-A FORWARD -j DOCKER-FORWARD",
        "-A DOCKER-FORWARD -j DOCKER-CT",
        "-A DOCKER-FORWARD -j DOCKER-ISOLATION-STAGE-1",
        "-A DOCKER-FORWARD -j DOCKER-BRIDGE",
        ...bridges.flatMap(({ name }) => [
          `-A DOCKER-CT -o ${name} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
          `-A DOCKER-BRIDGE -o ${name} -j DOCKER`,
          `-A DOCKER ! -i ${name} -o ${name} -j DROP`,
          `-A DOCKER-FORWARD -i ${name} -j ACCEPT`,
          `-A DOCKER-ISOLATION-STAGE-1 -i ${name} ! -o ${name} -j DOCKER-ISOLATION-STAGE-2`,
        ]),
        ...newestFirst.map(({ name }) => `-A DOCKER-ISOLATION-STAGE-2 -o ${name} -j DROP`),
      ]],
    ]);
  }

  /** Empties every chain, as an administrator's `iptables -F` on each table does. */
  async flush(): Promise<void> {
    for (const table of ["raw", "nat", "filter"]) await this.iptables("-t", table, "-F");
  }

  async #restore(
    tables: readonly (readonly [string, readonly string[], readonly string[]])[],
  ): Promise<void> {
    const text = tables.map(([table, chains, rules]) =>
      `*${table}\n${[...chains, ...rules].join("\n")}\nCOMMIT\n`
    );
    await using restore = this.namespace.spawn([`iptables-${this.backend}-restore`, "--noflush"]);
    await restore.send(text.join(""));
    await restore.endInput();
    const { code } = await restore.wait();
    if (code !== 0) throw new Error(`Cannot lay the rules:\n${restore.stderr.tail()}`);
  }
}

/** What keeps everybody out of the containers in the raw table: since 28.2 at all, in 28.0 at the published ports. */
function dropRules(engine: Engine, { name, containers }: DockerBridge): string[] {
  return containers.map(({ address }) =>
    engine === "28.2"
      ? `-A PREROUTING -d ${address}/32 ! -i ${name} -j DROP`
      : `-A PREROUTING -d ${address}/32 ! -i ${name} -p tcp -m tcp --dport 8080 -j DROP`
  );
}
