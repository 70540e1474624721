import { EXIT_OK } from "../../cli/exit_status.ts";
import type { Terminal } from "../../cli/terminal.ts";
import { type Clock, sleep } from "../../core/async/clock.ts";
import { addLine, listLines } from "../../core/config/text.ts";
import { OperationError } from "../../core/error.ts";
import { parseEndpoint } from "../../core/net/endpoint.ts";
import { platform } from "../../ffi/platform.ts";
import { readStatus } from "../../system/control/control_client.ts";
import { runCommand } from "../../system/process/command.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import { changeConfig } from "../config/edit_config.ts";

/** The line that turns the page on, at the loopback address: other machines do not reach it. */
const WEB_LINE = "web 127.0.0.1:2580";

/** Milliseconds in which the server has to serve the page after its file was changed, and between two looks. */
const START_LIMIT = 5_000;
const LOOK_PAUSE = 100;

export interface OpenPageOptions {
  /** Path of the control socket. */
  readonly control: string;
  /** The config file; undefined: the running server's. */
  readonly file: string | undefined;
  /** Whether nothing is opened and nothing changed. */
  readonly print: boolean;
}

/**
 * Prints where the page is, and opens it on macOS. On Linux a program that runs as root could start the browser as root alone.
 *
 * @returns the exit status
 * @throws {OperationError} `not-running` if no server runs, `config` or `failure` if there is no page
 */
export async function openPage(
  { control, file, print }: OpenPageOptions,
  terminal: Terminal,
  clock: Clock = SYSTEM_CLOCK,
): Promise<number> {
  let listen = await pageAddress(control);
  if (listen === undefined) {
    if (print) throw pageIsOff();
    const changed = await turnOn(file);
    terminal.err(`The page was off; added "${WEB_LINE}" to ${changed}\n`);
    listen = await waitForPage(control, clock);
  }
  const url = `http://${reachable(listen)}/`;
  terminal.out(`${url}\n`);
  if (!print && platform.os === "darwin") await runCommand(["/usr/bin/open", url]).catch(() => {});
  return EXIT_OK;
}

/** Where the page is served; undefined while it is off. */
async function pageAddress(control: string): Promise<string | undefined> {
  const { web } = await readStatus(control, "docker-connector");
  if (typeof web !== "object" || web === null || !("listen" in web)) return undefined;
  if ("fault" in web) {
    const remedy = "Free that port, or write another web line into the config file";
    throw new OperationError("failure", String(web.fault), remedy);
  }
  return String(web.listen);
}

/** Adds the line; a file that says "web off" stays as it is. */
async function turnOn(given: string | undefined): Promise<string> {
  return await changeConfig("add", given, (before, file) => {
    const line = listLines(before).find((line) => /^web\s/.test(line));
    if (line === undefined) return addLine(before, WEB_LINE).text;
    throw new OperationError(
      "config",
      `Cannot open the page: ${file} says "${line}"`,
      `Write "${WEB_LINE}" there; it takes effect at once unless the server runs with --no-watch`,
    );
  });
}

async function waitForPage(control: string, clock: Clock): Promise<string> {
  const end = clock.now() + START_LIMIT;
  while (clock.now() < end) {
    const listen = await pageAddress(control);
    if (listen !== undefined) return listen;
    await sleep(LOOK_PAUSE, clock);
  }
  throw new OperationError(
    "failure",
    `Cannot open the page: the server has not taken over "${WEB_LINE}" within ${START_LIMIT / 1000} s`,
    'See "docker-connector status"; a server that runs with --no-watch has to be restarted',
  );
}

/** An address to connect to, for one that stands for all of them. */
function reachable(listen: string): string {
  const endpoint = parseEndpoint(listen);
  if (endpoint === undefined || endpoint.address.bytes.some((byte) => byte !== 0)) return listen;
  return endpoint.address.family === 4 ? `127.0.0.1:${endpoint.port}` : `[::1]:${endpoint.port}`;
}

function pageIsOff(): OperationError {
  return new OperationError(
    "failure",
    "Cannot print the page's address: it is off",
    `Run "docker-connector config add ${WEB_LINE}", or "docker-connector web" without --print`,
  );
}
