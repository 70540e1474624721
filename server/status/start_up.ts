import type { Clock } from "../../core/async/clock.ts";
import type { ProgressLine } from "../../cli/progress_line.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import type { DockerStatus } from "./status_document.ts";

/** Milliseconds between two looks, and after which a start is no start any more: then `status` tells. */
const INTERVAL = 200;
const LIMIT = 60_000;

/** How far a server is. */
export interface StartUpState {
  readonly docker: Pick<DockerStatus, "state" | "container">;
  /** Whether packets have a path. */
  readonly isUp: boolean;
}

/** What a start waits for, and how much of it is done; undefined at its end. */
export function startUpStep(
  { docker: { state, container }, isUp }: StartUpState,
): readonly [words: string, share: number] | undefined {
  if (isUp) return undefined;
  // Without a tunnel there is nothing to wait for.
  if (container?.state === "not-required") return undefined;
  if (state === "connecting") return ["starting: waiting for Docker", 1 / 4];
  const isOwn = container !== null && !["off", "external", "running"].includes(container.state);
  return isOwn
    ? ["starting: the client container is made ready", 2 / 4]
    : ["starting: waiting for the client", 3 / 4];
}

/** Shows the start of a server on a terminal until packets have a path. */
export function showStartUp(
  line: ProgressLine,
  state: () => StartUpState,
  clock: Clock = SYSTEM_CLOCK,
): Disposable {
  const entry = line.begin();
  const start = clock.now();
  let timer: Disposable | undefined;
  const look = () => {
    const step = startUpStep(state());
    timer = undefined;
    if (step === undefined || clock.now() - start > LIMIT) return entry[Symbol.dispose]();
    entry.update(...step);
    timer = clock.after(INTERVAL, look);
  };
  look();
  return {
    [Symbol.dispose]() {
      timer?.[Symbol.dispose]();
      entry[Symbol.dispose]();
    },
  };
}
