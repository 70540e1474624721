/**
 * One walk through ffi/'s macOS side over the double of libSystem, in an empty network namespace: every number that ffi/ has of
 * Darwin is used, and what comes of it is looked at. Ends with status 0 when all is right.
 *
 * @module
 */
import assert from "node:assert/strict";
import { FileLock } from "../../../ffi/file/open_file.ts";
import {
  type FileStatus,
  statusOf,
  statusOfDescriptor,
  statusOfDescriptorLater,
} from "../../../ffi/file/file_status.ts";
import { PacketMemory } from "../../../ffi/libc/packet_memory.ts";
import { openWaker, Poller, WakeListener } from "../../../ffi/libc/poll.ts";
import { batchSafety } from "../../../ffi/libc/release_darwin.ts";
import { openDarwinTun } from "../../../ffi/tun/tun_darwin.ts";
import { openDarwinUdpSocket } from "../../../ffi/udp/udp_socket_darwin.ts";
import { addressesAreTrimmed, endpoint } from "./addresses.ts";
import {
  connectedSocketsNeedNoAddress,
  cutDatagramsAreTold,
  datagramsPass,
  partsOfBatchesAreUnderstood,
  socketErrorsAreUnderstood,
} from "./datagrams.ts";
import { errorOf, isKeptToItself } from "./descriptors.ts";
import { deviceErrorsAreUnderstood, openDevices, packetsPass, removalIsNoticed } from "./devices.ts";
import { errorNumbers, failNext, largestOf, limitBuffers, strictSystem as system } from "./double.ts";
import { connectionsAreTried, echoesAreAnswered } from "./reachability.ts";
import { streamsPass } from "./streams.ts";
import { resolverTellsItsFaults } from "./resolver.ts";

function errorsHaveTheirNames(): void {
  for (const [name, number] of errorNumbers()) {
    failNext("socket", number);
    assert.equal(errorOf(() => openDarwinUdpSocket(endpoint("127.0.0.1:0"), system)), name);
  }
}

function wakesArrive(): void {
  using wake = openWaker();
  using receiver = new WakeListener(wake.descriptor);
  isKeptToItself(wake.descriptor);
  using poller = new Poller(new PacketMemory(65536), [wake.descriptor]);
  wake.signal();
  poller.wait(1000);
  assert.ok(poller.isReady(0));
  receiver.drain();
  poller.wait(0);
  assert.ok(!poller.isReady(0));
}

/** The calls on files are there under the processor's names, with Darwin's layout. */
async function filesHaveAState(): Promise<void> {
  const path = "/etc/passwd";
  const { ino, size } = Deno.statSync(path);
  const expected = { kind: "file", inode: BigInt(ino ?? 0), size: BigInt(size) };
  const isExpected = (status: FileStatus | undefined) => {
    const { kind, inode, size } = status ?? {};
    assert.deepEqual({ kind, inode, size }, expected);
  };
  isExpected(statusOf(path, "follow"));
  isExpected(statusOf(path, "stay"));
  using file = FileLock.open(path);
  assert.ok(file !== undefined);
  isExpected(statusOfDescriptor(file.descriptor));
  isExpected(await statusOfDescriptorLater(file.descriptor));
}

function releasesAreKnown(): void {
  const known = ["22.6.0", "23.0.0", "24.5.0", "24.6.0", "25.0.0"].map(batchSafety);
  assert.deepEqual(known, ["never", "alone", "alone", "freely", "alone"]);
}

function smallBuffersDo(): void {
  limitBuffers(600_000);
  using _device = openDarwinTun({ name: "utun6", offload: true }, system);
  using _socket = openDarwinUdpSocket(endpoint("127.0.0.1:0"), system);
}

errorsHaveTheirNames();
releasesAreKnown();
wakesArrive();
await filesHaveAState();
await streamsPass(isKeptToItself);
const device = openDevices();
packetsPass(device);
assert.ok(largestOf("recvmsg_x") > 4, "packets wait for each other at the interface");
datagramsPass("24.6.0", true);
datagramsPass("23.0.0", true);
datagramsPass("22.6.0", false);
connectedSocketsNeedNoAddress();
cutDatagramsAreTold();
addressesAreTrimmed([endpoint("10.1.2.3:4000"), endpoint("[fd00::1]:4000")]);
partsOfBatchesAreUnderstood();
socketErrorsAreUnderstood();
deviceErrorsAreUnderstood(device);
removalIsNoticed(device);
device.close();
smallBuffersDo();
await resolverTellsItsFaults();
await echoesAreAnswered();
await connectionsAreTried();
