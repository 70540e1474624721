/**
 * `deno task demo`: the tunnel at work beside a real Docker Engine in network namespaces, from nothing to figures, on Linux as
 * root. It installs, fetches and compiles what it needs and removes what it made. Exit status 0, or 1 with the step that failed,
 * or 77 without root.
 *
 * @module
 */
import { OperationError } from "../core/error.ts";
import { fetchAll } from "./debian/fetched_packages.ts";
import { Narration } from "./demo/narration.ts";

const ON_MACOS =
  `The demo lays out network namespaces, which macOS does not have. Here you can run the real thing:

  deno task compile
  echo "route 172.17.0.0/16" | sudo tee -a /usr/local/etc/docker-connector.conf
  sudo dist/docker-connector run --config /usr/local/etc/docker-connector.conf

and in another terminal the client, in Docker's virtual machine:

  docker run -d --restart always --net host --cap-add NET_ADMIN --device /dev/net/tun \\
    --name mac-docker-connector mac-docker-connector
  docker run -d --name page nginx
  curl "http://$(docker inspect -f '{{.NetworkSettings.IPAddress}}' page)/"

Or with Homebrew: brew install docker-connector; sudo brew services start docker-connector`;

/** Runs the demo; the exit status. */
async function main(): Promise<number> {
  if (Deno.build.os === "darwin") {
    console.log(ON_MACOS);
    return 0;
  }
  if (Deno.build.os !== "linux") {
    console.error(
      "Cannot run the demo: it needs Linux's network namespaces. Run it in a Linux virtual machine",
    );
    return 1;
  }
  if (Deno.uid() !== 0) {
    console.error(
      "Cannot lay out network namespaces: the caller is not root. Run with sudo: sudo deno task demo",
    );
    return 77;
  }
  try {
    await fetchAll(console.log, ["docker-forky", "gvproxy-forky"]);
    // Loaded after the fetch: which Engine and which network there is, is decided when the module loads.
    const { demonstrate } = await import("./demo/acts.ts");
    await demonstrate(new Narration((line) => console.log(line)));
    return 0;
  } catch (error) {
    console.error(error instanceof OperationError ? error.report : error);
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main());
