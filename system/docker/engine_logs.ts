import { LogFrames } from "../../core/docker/log_frames.ts";
import { MalformedResponse, toDockerError } from "./docker_error.ts";
import type { EngineClient } from "./engine_client.ts";
import { Exchange } from "./http_exchange.ts";
import type { LogReading } from "../logs/log_file.ts";

/** Bytes of an error's answer, and characters of it that are shown. */
const MAX_ERROR = 4096;
const MAX_WORDS = 200;

/**
 * Reads the log of a container without a terminal, both outputs in one.
 *
 * @param container its name or id
 * @throws {OperationError} "unavailable"
 */
export async function* readContainerLog(
  { path, api, limits }: Pick<EngineClient, "path" | "api" | "limits">,
  container: string,
  { lines, follow, stop }: LogReading,
): AsyncGenerator<Uint8Array, void> {
  const query = `stdout=1&stderr=1&tail=${lines}&follow=${follow ? 1 : 0}`;
  const target = `/v${api}/containers/${encodeURIComponent(container)}/logs?${query}`;
  using exchange = await Exchange.send(path, { method: "GET", target }, limits.timeoutMs, stop);
  if (exchange.status !== 200) {
    const words = (await exchange.text(MAX_ERROR)).slice(0, MAX_WORDS);
    throw toDockerError(path, new MalformedResponse(`it answers ${exchange.status}: ${words}`));
  }
  exchange.stopTimeout();
  const frames = new LogFrames();
  try {
    for await (const bytes of exchange.bytes()) {
      const pieces = frames.take(bytes);
      if (pieces === undefined) {
        throw toDockerError(path, new MalformedResponse("the log is not framed as that of a container"));
      }
      yield* pieces;
    }
  } catch (error) {
    // The user has interrupted.
    if (!stop.aborted) throw error;
  }
}
