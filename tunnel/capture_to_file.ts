import { getLogger } from "../program/log.ts";
import { createCaptureFile } from "../system/capture/capture_file.ts";
import { wordsOf } from "../system/process/runtime_error.ts";
import { PacketCapture, WHOLE_CAPTURE } from "./packet_capture.ts";
import type { TunnelProgram } from "./tunnel_program.ts";

const log = getLogger("capture");

/**
 * `run --capture FILE`: captures the packets of the tunnel from its start on, until it stops or the file is full. The tunnel goes on
 * whatever becomes of the file.
 *
 * @throws {OperationError} `io` or `privilege`, where the file cannot be made
 */
export async function captureToFile(
  { cleanup, dataPlane }: Pick<TunnelProgram, "cleanup" | "dataPlane">,
  interfaceName: string,
  path: string,
): Promise<void> {
  const file = await createCaptureFile(path);
  const capture = new PacketCapture(dataPlane.captures, interfaceName, WHOLE_CAPTURE, file);
  log.info("capturing packets", { file: path, packets: WHOLE_CAPTURE.count });
  const closed = capture.ended.then(({ packets, dropped, end, error }) => {
    file.close();
    if (end === "failed") log.warn("capture ended", { file: path, packets, dropped, fault: wordsOf(error) });
    else log.info("capture ended", { file: path, packets, dropped, reason: end });
  });
  cleanup.defer(async () => {
    capture.stop();
    await closed;
  });
}
