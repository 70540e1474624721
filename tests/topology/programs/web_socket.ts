/**
 * A WebSocket server and its visitor, both of the runtime's own.
 *
 *     web_socket.ts serve PORT   says hello, answers each message by itself, and closes with 4000 and a reason when told "bye"
 *     web_socket.ts visit URL    sends a text, 300 kB of bytes and "bye", and prints a line for each answer and the end
 *
 * @module
 */
const [role, where = ""] = Deno.args;

function serve(port: number): void {
  Deno.serve({ port, hostname: "0.0.0.0", onListen: () => console.log("ready") }, (request) => {
    if (request.headers.get("upgrade") !== "websocket") return new Response("a page");
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "chat" });
    socket.binaryType = "arraybuffer";
    socket.onopen = () => socket.send(`hello from ${new URL(request.url).pathname}`);
    socket.onmessage = ({ data }) => data === "bye" ? socket.close(4000, "as you like") : socket.send(data);
    return response;
  });
}

function visit(url: string): void {
  const bytes = new Uint8Array(300_000).map((_zero, index) => index % 251);
  const socket = new WebSocket(url, ["other", "chat"]);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => {
    console.log(`open ${socket.protocol}`);
    socket.send("a text");
    socket.send(bytes);
  };
  socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
    if (typeof data === "string") return console.log(data);
    const back = new Uint8Array(data);
    console.log(
      `${back.length} bytes, ${back.every((byte, index) => byte === bytes[index]) ? "the same" : "changed"}`,
    );
    socket.send("bye");
  };
  socket.onerror = (event) => console.log("error", event instanceof ErrorEvent ? event.message : "");
  socket.onclose = ({ code, reason }) => console.log(`closed ${code} ${reason}`);
}

if (role === "serve") serve(Number(where));
else visit(where);
