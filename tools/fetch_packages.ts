/**
 * `deno run -A tools/fetch_packages.ts`: fetches the Docker Engines and other programs of the tests into the cache folder.
 * `deno task test` does it before the tests start.
 *
 * @module
 */
import { fetchAll } from "./debian/fetched_packages.ts";

if (import.meta.main) await fetchAll(console.log);
