/**
 * The client container where none is kept.
 *
 * @module
 */
import { CLIENT_CONTAINER } from "../core/engine/client_container.ts";
import type { ClientKeeper } from "./docker_discovery.ts";

/** Keeps nothing. */
export const NO_CLIENT_CONTAINER: ClientKeeper = {
  status: { name: CLIENT_CONTAINER, state: "off", image: null },
  attend() {},
  wake() {},
  lost() {},
  async [Symbol.asyncDispose]() {},
};
