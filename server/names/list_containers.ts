import * as v from "valibot";
import { EXIT_OK } from "../../cli/exit_status.ts";
import { escapeControls, formatJson } from "../../cli/format.ts";
import type { Terminal } from "../../cli/terminal.ts";
import { OperationError } from "../../core/error.ts";
import { readStatus } from "../../system/control/control_client.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import { CONTAINERS_DOCUMENT, type ContainersDocument, type ListedContainer } from "./containers_document.ts";
import { CONTAINERS_PATH } from "./listed_container.ts";

/**
 * `docker-connector ls`: shows the running containers.
 *
 * @returns the exit status
 * @throws {OperationError} `not-running`, if no server runs
 */
export async function listContainers(control: string, json: boolean, terminal: Terminal): Promise<number> {
  const document = await readStatus(control, "docker-connector", SYSTEM_CLOCK, CONTAINERS_PATH);
  const { success, output } = v.safeParse(CONTAINERS_DOCUMENT, document);
  if (!success) {
    const message = `Cannot list the containers at ${control}: the running server is of another version`;
    throw new OperationError("failure", message, "Restart it");
  }
  terminal.out(json ? `${formatJson(output.containers)}\n` : containersText(output));
  return EXIT_OK;
}

/** The containers as a table: a line for each address of a container, the first with everything else. */
export function containersText({ containers }: ContainersDocument): string {
  if (containers.length === 0) return "no container runs\n";
  const rows = [["NAME", "ADDRESS", "NETWORK", "PORTS", "URL"], ...containers.flatMap(rowsOf)];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    `${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join("  ").trimEnd()}\n`
  ).join("");
}

function rowsOf({ name, names, networks, ports, urls }: ListedContainer): string[][] {
  const places = networks.flatMap(({ name, address, address6 }) =>
    [address, address6].filter((text) => text !== undefined).map((text) => [text, name])
  );
  const shown = places.length > 0 ? places : [["-", networks.map(({ name }) => name).join(",") || "-"]];
  const lists = [
    names.length === 0 ? [name] : names,
    shown,
    [
      ports.map(({ port, protocol, published }) =>
        `${port}${protocol === "udp" ? "/udp" : ""}${published ? "*" : ""}`
      ).join(","),
    ],
    urls,
  ] as const;
  const [labels, addresses, portTexts, links] = lists;
  return Array.from({ length: Math.max(...lists.map(({ length }) => length)) }, (_, line) =>
    [
      labels[line] ?? "",
      addresses[line]?.[0] ?? "",
      addresses[line]?.[1] ?? "",
      portTexts[line] ?? "",
      links[line] ?? "",
    ].map(escapeControls));
}
