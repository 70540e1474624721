/**
 * `deno task bench [--rounds N] [--seconds N]`: measures the tunnel beside its peers and writes the figures to
 * `bench/results/`. Linux, root; about two minutes.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { OperationError } from "../core/error.ts";
import { TOPOLOGY_PACKAGES } from "../tests/topology/gate.ts";
import { reasonToCompile } from "../tools/freshness.ts";
import { ensurePackages } from "../tools/packages.ts";
import { formatTable } from "../tools/table.ts";
import { describeMachine } from "./machine.ts";
import { compareThroughput, type Series, TUNNEL_MTU } from "./throughput.ts";

const RESULTS = fileURLToPath(new URL("./results/", import.meta.url));

/** Reads a whole number within bounds. */
function parseCount(name: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new OperationError(
    "usage",
    `Cannot use --${name} ${text}: it is no whole number`,
    `Give 1 to ${most}`,
  );
}

function showTable(series: readonly Series[]): string {
  const rows = series.map(({ subject, direction, bitsPerSecond, median, ratioToWireguardGo }) => {
    const figures = [Math.min(...bitsPerSecond), median, Math.max(...bitsPerSecond)];
    return [
      subject,
      direction,
      ...figures.map((bits) => (bits / 1e6).toFixed(0)),
      ratioToWireguardGo.toFixed(2),
    ];
  });
  return formatTable([["subject", "direction", "min", "median", "max", "x wireguard-go"], ...rows]);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "3" },
    },
  });
  const rounds = parseCount("rounds", values.rounds, 100);
  const seconds = parseCount("seconds", values.seconds, 60);
  if (Deno.build.os !== "linux") {
    throw new OperationError(
      "unavailable",
      "Cannot measure: this system has no network namespaces",
      "Use Linux",
    );
  }
  if (Deno.uid() !== 0) {
    throw new OperationError("privilege", "Cannot measure: the caller is not root", "Run with sudo");
  }
  await ensurePackages([...TOPOLOGY_PACKAGES, "wireguard-go", "wireguard-tools"]);
  const stale = await reasonToCompile();
  if (stale !== undefined) {
    throw new OperationError("failure", `Cannot measure: ${stale}`, "Run: deno task compile");
  }

  const date = new Date();
  const machine = await describeMachine();
  const series = await compareThroughput({ rounds, seconds, report: (line) => console.error(line) });
  const command = `deno task bench --rounds ${rounds} --seconds ${seconds}`;
  await Deno.mkdir(RESULTS, { recursive: true });
  const file = `${date.toISOString().slice(0, 16).replace(":", "")}Z.json`;
  const result = {
    date: date.toISOString(),
    command,
    machine,
    tunnelMtu: TUNNEL_MTU,
    underlayMtu: 1500,
    series,
  };
  await Deno.writeTextFile(RESULTS + file, `${JSON.stringify(result, null, 2)}\n`);

  console.log(
    `${machine.processors} x ${machine.processor}, Linux ${machine.kernel}, load ${machine.load}, ${date.toISOString()}`,
  );
  console.log(`${machine.connector}; ${machine.wireguardGo}; ${command}\n`);
  console.log(
    `One TCP stream between the desktop and a container, MTU ${TUNNEL_MTU} in both tunnels, Mbit/s`,
  );
  console.log(showTable(series));
  console.log(`\nbench/results/${file}`);
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    console.error(error.report);
    Deno.exit(error.code === "privilege" ? 77 : error.code === "usage" ? 64 : 1);
  }
}
