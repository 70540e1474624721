/** core/memory/gather_copy.wat, assembled by tools/assemble.ts; do not edit. @module */

/** The WebAssembly binary, base64. */
export const gatherWasm: string =
  "AGFzbQEAAAABEAJgBX9/f39/AX9gA39/fwACKAIGcGFja2V0Bm1lbW9yeQIBAYCABAVvdGhlcgZtZW1vcnkCAQGAgAQDAwIAAQcU" +
  "AgZnYXRoZXIAAAdzY2F0dGVyAAEKTAI9AQJ/IAAgASAC/AoBACAAIAJqIAMgBPwKAQAgAiAEaiEFIAVBD2pBcHEhBiAAIAVqQQAg" +
  "BiAFa/wLASAGCwwAIAAgASAC/AoAAQs=";
