import assert from "node:assert/strict";
import * as constants from "./constants_darwin.ts";
import * as layout from "./layout_darwin.ts";
import { darwinSymbols } from "./libc_darwin.ts";

Deno.test("macOS constants have the values of the xnu headers", () => {
  assert.deepEqual({ ...constants }, {
    AF_INET: 2,
    AF_INET6: 30,
    AF_SYSTEM: 32,
    SYSPROTO_CONTROL: 2,
    AF_SYS_CONTROL: 2,
    SOCK_DGRAM: 2,
    SOL_SOCKET: 65535,
    SO_SNDBUF: 4097,
    SO_RCVBUF: 4098,
    SO_NOSIGPIPE: 4130,
    MSG_TRUNC: 16,
    MSG_DONTWAIT: 128,
    UTUN_CONTROL_NAME: "com.apple.net.utun_control",
    UTUN_OPT_IFNAME: 2,
    UTUN_OPT_MAX_PENDING_PACKETS: 16,
    CTLIOCGINFO: 3227799043n,
    FIOCLEX: 536897025n,
    FIONBIO: 2147772030n,
  });
});

Deno.test("ioctl requests are composed of direction, argument size, group and number", () => {
  const request = (direction: number, size: number, group: string, number: number) =>
    BigInt(direction) | BigInt(size & 0x1fff) << 16n | BigInt(group.charCodeAt(0)) << 8n | BigInt(number);
  assert.equal(constants.CTLIOCGINFO, request(0xc0000000, 100, "N", 3));
  assert.equal(constants.FIOCLEX, request(0x20000000, 0, "f", 1));
  assert.equal(constants.FIONBIO, request(0x80000000, 4, "f", 126));
});

Deno.test("macOS structures have the offsets of the LP64 headers", () => {
  assert.deepEqual({ ...layout }, {
    CTL_INFO: { size: 100, id: 0, name: 4, nameCapacity: 96 },
    SOCKADDR_CTL: { size: 32, length: 0, family: 1, kind: 2, id: 4, unit: 8 },
    SOCKADDR_IN: { size: 16, start: 16 | 2 << 8, port: 2, address: 4 },
    SOCKADDR_IN6: { size: 28, start: 28 | 30 << 8, port: 2, address: 8, scope: 24 },
    MSGHDR_X: {
      size: 56,
      name: 0,
      nameLength: 8,
      iov: 16,
      iovLength: 24,
      controlLength: 40,
      flags: 44,
      dataLength: 48,
    },
    KCTL_RECORD: { size: 200, length: 0, id: 8, name: 104 },
  });
});

Deno.test("each symbol has the parameters of its C declaration", () => {
  const counts = Object.fromEntries(
    Object.entries(darwinSymbols).map(([name, { parameters }]) => [name, parameters.length]),
  );
  assert.deepEqual(counts, {
    close: 1,
    socket: 3,
    bind: 3,
    connect: 3,
    getsockname: 3,
    getsockopt: 5,
    setsockopt: 5,
    sendto: 6,
    sysctlbyname: 5,
    pipe: 1,
    recvmsg: 3,
    sendmsg: 3,
    recvmsg_x: 4,
    sendmsg_x: 4,
    __ioctl: 3,
    ioctl: 3,
    ioctlOnStack: 9,
  });
});

Deno.test("no variadic function is bound but ioctl, and what is no public API is optional", () => {
  const symbols: Deno.ForeignLibraryInterface = darwinSymbols;
  const variadic = ["ioctl", "fcntl", "open", "openat", "syscall"];
  assert.deepEqual(Object.keys(symbols).filter((name) => variadic.includes(name)), ["ioctl"]);
  const optional = Object.keys(symbols).filter((name) => symbols[name]?.optional === true);
  assert.deepEqual(optional.sort(), ["__ioctl", "ioctl", "ioctlOnStack", "recvmsg_x", "sendmsg_x"]);
});

Deno.test("what the packet path calls takes pointers and gives numbers", () => {
  for (const name of ["recvmsg", "sendmsg", "recvmsg_x", "sendmsg_x"] as const) {
    const { parameters, result } = darwinSymbols[name];
    assert.equal(result, "i32", name);
    for (const parameter of parameters) assert.ok(["i32", "u32", "pointer"].includes(parameter), name);
  }
});
