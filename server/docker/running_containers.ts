import type { Container } from "../../core/docker/container.ts";

/** The running containers of the Engine, for the parts of the server that name, list or count them. */
export interface RunningContainers {
  /** Those of this moment, ordered by name; another array after each change. */
  readonly containers: readonly Container[];
  /**
   * Calls back after each change; no call comes for the state of this moment.
   *
   * @param listener must not throw
   * @returns ends the calls
   */
  onChange(listener: () => void): Disposable;
}

/** What `docker off` has instead of a list. */
export const NO_CONTAINERS: RunningContainers = {
  containers: [],
  onChange: () => ({ [Symbol.dispose]() {} }),
};
