// Close codes of the relay: `crates/wire/src/close.rs`.

export const Close = {
  PeerClosed: 4000,
  PeerLost: 4001,
  Refused: 4003,
  PeerAbsent: 4004,
  Idle: 4008,
  Replaced: 4009,
  Killed: 4010,
  TooLong: 4011,
  BadMessage: 4013,
  Busy: 4029,
} as const;
