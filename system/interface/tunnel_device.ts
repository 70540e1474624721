import { OperationError } from "../../core/error.ts";
import { type Endpoint, formatEndpoint } from "../../core/net/endpoint.ts";
import { platform } from "../../ffi/platform.ts";
import { SystemError } from "../../ffi/libc/errno.ts";
import { openTun, type TunDevice, type TunRequest } from "../../ffi/tun/tun.ts";
import { openUdpSocket, type UdpSocket } from "../../ffi/udp/udp_socket.ts";

const noModule = "Load the tun module (modprobe tun), or start the container with --device /dev/net/tun";
const noDevice = "Start the container with --device /dev/net/tun; outside of a container, run with sudo";
const nameTaken = "Stop the program that has the interface, or remove it (ip link del NAME)";

/** Advice by error name, for a device that could not be opened. On macOS the kernel picks a free name. */
const tunRemedies: Readonly<Record<string, string>> = platform.os === "darwin"
  ? {
    EBUSY: "Stop the program that has the interface",
    ENOENT: "This macOS has no utun; 10.10 and later have it",
  }
  : {
    ...{ ENOENT: noModule, ENODEV: noModule, ENXIO: noModule },
    ...{ EROFS: noDevice, EBUSY: nameTaken, EINVAL: nameTaken },
  };

/**
 * Opens a program's TUN device.
 *
 * @throws {OperationError} "privilege" when not root, "io" otherwise
 */
export async function openTunnelDevice(request: TunRequest): Promise<TunDevice> {
  try {
    return await openTun(request);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    const isMade = error.call.startsWith("mknod");
    const isFile = isMade || error.call.startsWith("open /dev");
    const act = isFile ? `${isMade ? "make" : "open"} /dev/net/tun` : `create interface ${request.name}`;
    if (error.errorName === "EPERM" || error.errorName === "EACCES") {
      // A file that root may not open or make is withheld by the container's device rules or capabilities.
      const remedy = isMade || (isFile && error.errorName === "EPERM") ? noDevice : "Run with sudo";
      throw new OperationError("privilege", `Cannot ${act}: not permitted`, remedy, { cause: error });
    }
    const state = error.errorName === "EBUSY" ? "the name is taken" : error.message;
    const remedy = tunRemedies[error.errorName]?.replace("NAME", request.name) ?? "";
    throw new OperationError("io", `Cannot ${act}: ${state}`, remedy, { cause: error });
  }
}

/** Advice by error name, for a socket that could not be bound. */
const bindRemedies: Readonly<Record<string, readonly [state: string, remedy: string]>> = {
  EADDRINUSE: [
    "the port is taken",
    "Stop the program that has it, or choose another port here and at the client",
  ],
  EADDRNOTAVAIL: ["this machine has no such address", "Name one of its own, or 0.0.0.0 for all of them"],
  EACCES: ["not permitted", "Choose a port above 1023, or run with sudo"],
  EAFNOSUPPORT: ["IPv6 is off on this machine", "Name an IPv4 address"],
};

/**
 * Opens a program's UDP socket, bound to `local`.
 *
 * @throws {OperationError} "io"
 */
export async function openTunnelSocket(local: Endpoint): Promise<UdpSocket> {
  try {
    return await openUdpSocket(local);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    const [state, remedy] = bindRemedies[error.errorName] ?? [error.message, ""];
    const message = `Cannot listen on UDP ${formatEndpoint(local)}: ${state}`;
    throw new OperationError("io", message, remedy, { cause: error });
  }
}
