/**
 * The form of the server's answer to `GET /v1/containers`, which `docker-connector ls` shows. The server itself needs the
 * types alone.
 *
 * @module
 */
import * as v from "valibot";
import * as f from "../../program/status_document.ts";

const container = v.object({
  id: f.text("The Engine's id."),
  name: f.text("Its name."),
  image: f.text("The image's name."),
  state: f.text("running or paused."),
  names: f.list(v.string(), "Names of it that DNS answers; empty while dns is off."),
  networks: f.list(
    v.object({
      name: f.text("The network's name."),
      address: f.optional(f.text("Its IPv4 address there.")),
      address6: f.optional(f.text("Its IPv6 address there.")),
    }),
    "Its networks.",
  ),
  ports: f.list(
    v.object({
      port: f.number("The port in the container."),
      protocol: f.oneOf(["tcp", "udp"], "The protocol."),
      published: f.flag("Whether it is bound to a port of Docker's machine too."),
    }),
    "Ports that the image exposes or the user publishes.",
  ),
  urls: f.list(v.string(), "Where a browser probably finds a page."),
});

/** The form of the document. */
export const CONTAINERS_DOCUMENT = v.object({
  program: v.literal("docker-connector"),
  containers: f.list(container, "The running containers, by name."),
});

export type ContainersDocument = v.InferOutput<typeof CONTAINERS_DOCUMENT>;
export type ListedContainer = v.InferOutput<typeof container>;
