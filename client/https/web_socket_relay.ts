/** Bytes that may wait for a browser before the container is not read any further. */
const MAX_BUFFERED = 1 << 20;
/** Milliseconds between two looks at a browser that takes nothing. */
const PAUSE_MS = 20;
/** Bytes from a browser that may wait for the container; a browser cannot be slowed down, so it is cut off. */
const MAX_PENDING = 16 << 20;

/** Fields of a handshake that each end makes itself (RFC 6455 section 4.1). */
const OWN_FIELDS = [
  "sec-websocket-key",
  "sec-websocket-version",
  "sec-websocket-extensions",
  "sec-websocket-protocol",
];

/**
 * Passes a WebSocket on: that of the container is opened first, so the browser gets its subprotocol.
 *
 * @returns undefined where the container does not take it
 */
export async function relayWebSocket(
  request: Request,
  url: string,
  headers: Headers,
): Promise<Response | undefined> {
  const protocols = headers.get("sec-websocket-protocol")?.split(",").map((name) => name.trim()) ?? [];
  for (const field of OWN_FIELDS) headers.delete(field);
  const stream = new WebSocketStream(url, { protocols, headers });
  // It is rejected as well when the opening fails.
  stream.closed.catch(() => {});
  const opened = await stream.opened.catch(() => undefined);
  if (opened === undefined) return undefined;
  const { protocol, readable, writable } = opened;
  const { socket, response } = Deno.upgradeWebSocket(request, protocol === "" ? {} : { protocol });
  socket.binaryType = "arraybuffer";
  const writer = writable.getWriter();
  let pending = 0;
  socket.onopen = () => void pump(readable, socket);
  socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
    const size = typeof data === "string" ? data.length : data.byteLength;
    pending += size;
    if (pending > MAX_PENDING) return close(socket, 1013, "the container is too slow");
    writer.write(typeof data === "string" ? data : new Uint8Array(data)).then(
      () => void (pending -= size),
      () => close(socket, 1011, "the container has closed"),
    );
  };
  socket.onerror = () => {};
  socket.onclose = ({ code, reason }) => {
    try {
      // What a peer may say when it closes (RFC 6455 section 7.4).
      stream.close(code === 1000 || code >= 3000 ? closeInfo(code, reason) : {});
    } catch {
      // It has ended by itself.
    }
  };
  stream.closed.then(
    (info) => close(socket, codeOf(info), info.reason ?? ""),
    () => close(socket, 1011, "the container has gone"),
  );
  return response;
}

async function pump(
  readable: ReadableStream<string | Uint8Array<ArrayBuffer>>,
  socket: WebSocket,
): Promise<void> {
  try {
    for await (const message of readable) {
      while (socket.readyState === WebSocket.OPEN && socket.bufferedAmount > MAX_BUFFERED) {
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
      if (socket.readyState !== WebSocket.OPEN) return;
      socket.send(message);
    }
  } catch {
    // The container's end; its "closed" tells.
  }
}

function close(socket: WebSocket, code: number, reason: string): void {
  if (socket.readyState !== WebSocket.OPEN) return;
  if (code === 1000 || code >= 3000) socket.close(code, reason);
  else socket.close();
}

// The field's name differs between versions of Deno.
function closeInfo(code: number, reason: string): WebSocketCloseInfo {
  return Object.assign({ code, reason }, { closeCode: code });
}

function codeOf(info: WebSocketCloseInfo & { readonly closeCode?: number }): number {
  return info.closeCode ?? info.code ?? 1000;
}
