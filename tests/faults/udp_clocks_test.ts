import { faultsTest } from "./fault_test_case.ts";

faultsTest("udp", true);
