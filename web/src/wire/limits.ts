// Numbers both sides agree on: `crates/wire/src/stream/mod.rs`.

export const VERSION = 1;
export const MAX_HOST_LEN = 256 * 1024;
export const MAX_CLIPBOARD_LEN = 240 * 1024;
export const MAX_TEXT_LEN = 16 * 1024;
export const MAX_SIDE = 8192;
export const MAX_CURSOR_SIDE = 128;
