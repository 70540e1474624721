import { faultsTest } from "./fault_test_case.ts";

faultsTest("engine", false);
