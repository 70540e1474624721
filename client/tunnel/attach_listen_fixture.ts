/** A process for tests that listens as a client does, and says when a stream has come. */
import { Attachments } from "./attachments.ts";

new Attachments({
  control: Deno.args[0] ?? "",
  // Later than the answer to the process that attaches, which is given when this returns.
  onAttached: () => void setTimeout(() => console.log("attached"), 0),
  onDetached: () => console.log("detached"),
});
console.log("listening");
