// What WebCodecs wants to know of an H.264 stream, read from its sequence parameter set (ITU-T H.264, 7.3.2.1.1).

const SPS = 7;

/** The codec string (RFC 6381, `avc1.PPCCLL`) of an Annex B access unit, or null when it holds no SPS. */
export function codecString(unit: Uint8Array): string | null {
  for (let at = 0; at + 6 < unit.length; at++) {
    if (unit[at] !== 0 || unit[at + 1] !== 0 || unit[at + 2] !== 1) continue;
    if (((unit[at + 3] ?? 0) & 0x1f) !== SPS) continue;
    const hex = Array.from(unit.subarray(at + 4, at + 7), (byte) => byte.toString(16).padStart(2, "0"));
    return `avc1.${hex.join("").toUpperCase()}`;
  }
  return null;
}
