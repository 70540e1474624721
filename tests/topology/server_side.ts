/**
 * Which programs the end-to-end tests run: the compiled ones, or those of another folder; and which side of server and
 * accessor: Linux's, or macOS's over the doubles of tests/darwin.
 *
 * @module
 */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { DARWIN_ACCESSOR, DARWIN_SERVER } from "../../tools/darwin_double.ts";

/** Names the folder with the programs to test, as tools/source_programs.ts writes one; `dist/` where it is not set. */
export const PROGRAMS_VARIABLE = "DOCKER_CONNECTOR_PROGRAMS";

/** Path of the folder with the programs to test. */
export const PROGRAMS_FOLDER: string = resolve(
  Deno.env.get(PROGRAMS_VARIABLE) ?? fileURLToPath(new URL("../../dist", import.meta.url)),
);

/** Set to `darwin` by tests/e2e/darwin_*_test.ts, for the tests that they run. */
export const SIDE_VARIABLE = "DOCKER_CONNECTOR_TEST_SIDE";

/** Whether the server, and an accessor, is that of macOS. */
export const isDarwinServer: boolean = Deno.env.get(SIDE_VARIABLE) === "darwin";

/** The server's program. */
export const SERVER_BINARY: string = isDarwinServer ? DARWIN_SERVER : `${PROGRAMS_FOLDER}/docker-connector`;

/** The name of the server's interface: on macOS the first free utun. */
export const SERVER_INTERFACE: string = isDarwinServer ? "utun0" : "connector0";

/** The accessor's program. */
export const ACCESSOR_BINARY: string = isDarwinServer
  ? DARWIN_ACCESSOR
  : `${PROGRAMS_FOLDER}/docker-accessor`;

/** The name of the accessor's interface. */
export const ACCESSOR_INTERFACE: string = isDarwinServer ? "utun0" : "accessor0";
