import assert from "node:assert/strict";
import { pushCommands } from "./publish_image.ts";

Deno.test("each processor's image is pushed by its id, then the lists of them", () => {
  const images = [
    { cpu: "arm64", tar: "/a.tar", id: "sha256:a" },
    { cpu: "x64", tar: "/x.tar", id: "sha256:x" },
  ];
  assert.deepEqual(pushCommands(images, "ghcr.io/o/i", ["1.2.3", "latest"]).map((argv) => argv.join(" ")), [
    "docker load --quiet --input /a.tar",
    "docker tag sha256:a ghcr.io/o/i:1.2.3-arm64",
    "docker push --quiet ghcr.io/o/i:1.2.3-arm64",
    "docker load --quiet --input /x.tar",
    "docker tag sha256:x ghcr.io/o/i:1.2.3-x64",
    "docker push --quiet ghcr.io/o/i:1.2.3-x64",
    "docker manifest create ghcr.io/o/i:1.2.3 ghcr.io/o/i:1.2.3-arm64 ghcr.io/o/i:1.2.3-x64",
    "docker manifest push ghcr.io/o/i:1.2.3",
    "docker manifest create ghcr.io/o/i:latest ghcr.io/o/i:1.2.3-arm64 ghcr.io/o/i:1.2.3-x64",
    "docker manifest push ghcr.io/o/i:latest",
  ]);
});
