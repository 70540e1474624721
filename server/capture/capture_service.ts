import { OperationError } from "../../core/error.ts";
import { parsePrefix } from "../../core/net/prefix.ts";
import { getLogger } from "../../program/log.ts";
import { serveCaptureSocket, type StartedCapture } from "../../system/control/capture_socket.ts";
import { serveSoon } from "../../system/control/serve_soon.ts";
import {
  type CaptureSettings,
  MAX_PACKETS,
  MAX_SNAP_LENGTH,
  MIN_SNAP_LENGTH,
  PacketCapture,
} from "../../tunnel/packet_capture.ts";
import type { TunnelProgram } from "../../tunnel/tunnel_program.ts";

const log = getLogger("capture");

/** Networks of one capture. */
const MAX_NETWORKS = 64;

/** Gives captures to `docker-connector capture`. The tunnel works without, so a socket that cannot be opened is only logged. */
export async function serveCaptures(
  { cleanup, dataPlane, options: { control, program } }: TunnelProgram,
  interfaceName: string,
): Promise<void> {
  try {
    const serve = () =>
      serveCaptureSocket(control, program, (query, output): StartedCapture => {
        const settings = readQuery(query);
        const capture = new PacketCapture(dataPlane.captures, interfaceName, settings, output);
        log.info("capturing packets", { networks: query.get("network") ?? "all", packets: settings.count });
        void capture.ended.then(({ packets, dropped, end }) =>
          log.info("capture ended", {
            packets,
            dropped,
            reason: end === "failed" ? "its reader is gone" : end,
          })
        );
        return capture;
      });
    cleanup.use(await serveSoon(serve, ({ report }) => log.warn(`${report}; it is tried again`)));
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    log.warn(`${error.report}; until then "capture" has nothing to read`);
  }
}

/**
 * Reads what a capture is to take: `network` (prefixes with commas between), `count` and `snap`, each optional.
 *
 * @throws {OperationError} `usage`
 */
export function readQuery(query: URLSearchParams): CaptureSettings {
  const texts = query.get("network")?.split(",") ?? [];
  const networks = texts.slice(0, MAX_NETWORKS).map((text) => parsePrefix(text)).filter((prefix) =>
    prefix !== undefined
  );
  if (networks.length < texts.length) throw new OperationError("usage", "the networks cannot be read");
  return {
    networks,
    count: readNumber(query, "count", 1, MAX_PACKETS),
    snapLength: readNumber(query, "snap", MIN_SNAP_LENGTH, MAX_SNAP_LENGTH),
  };
}

/** A number of the query, or the greatest where there is none. */
function readNumber(query: URLSearchParams, name: string, least: number, most: number): number {
  const text = query.get(name);
  if (text === null) return most;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new OperationError("usage", `${name} is not a number from ${least} to ${most}`);
}
