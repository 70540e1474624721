/**
 * Which side of server and accessor the end-to-end tests run: Linux's, or macOS's over the doubles of tests/darwin.
 *
 * @module
 */
import { DARWIN_ACCESSOR, DARWIN_SERVER } from "../../tools/darwin_double.ts";

/** Set to `darwin` by tests/e2e/darwin_*_test.ts, for the tests that they run. */
export const SIDE_VARIABLE = "DOCKER_CONNECTOR_TEST_SIDE";

/** Whether the server, and an accessor, is that of macOS. */
export const isDarwinServer: boolean = Deno.env.get(SIDE_VARIABLE) === "darwin";

/** The server's program. */
export const SERVER_BINARY: string = isDarwinServer
  ? DARWIN_SERVER
  : new URL("../../dist/docker-connector", import.meta.url).pathname;

/** The name of the server's interface: on macOS the first free utun. */
export const SERVER_INTERFACE: string = isDarwinServer ? "utun0" : "connector0";

/** The accessor's program. */
export const ACCESSOR_BINARY: string = isDarwinServer
  ? DARWIN_ACCESSOR
  : new URL("../../dist/docker-accessor", import.meta.url).pathname;

/** The name of the accessor's interface, likewise. */
export const ACCESSOR_INTERFACE: string = isDarwinServer ? "utun0" : "accessor0";
