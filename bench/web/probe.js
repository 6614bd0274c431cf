// The measuring page: runs where the client paints, the same code for each client. It reads the workload's marker from
// the client's canvas on every animation frame and notes the first frame in which each number was there.

/** Installed once in the page and, for a client that paints in a Worker, once more there: to read a Worker's canvas from the
    page means to copy all of it each time, which would be measured along. */
export function installProbe() {
  const marker = { x: 64, y: 64, block: 8, bits: 32, check: 0xa5 };
  const copy = new OffscreenCanvas(marker.block * marker.bits, marker.block);
  const context = copy.getContext("2d", { willReadFrequently: true });
  const state = { running: false, frames: [], keys: [], keysSent: [], firstPaint: null, lastFrame: -1, lastKeys: -1 };
  const now = () => performance.timeOrigin + performance.now();

  let painted = null;
  if (typeof document === "undefined") {
    const { putImageData } = OffscreenCanvasRenderingContext2D.prototype;
    OffscreenCanvasRenderingContext2D.prototype.putImageData = function (...values) {
      painted = this.canvas;
      return putImageData.apply(this, values);
    };
  }

  function canvas() {
    if (typeof document === "undefined") return painted;
    let best = null;
    for (const found of document.querySelectorAll("canvas")) {
      if (!best || found.width * found.height > best.width * best.height) best = found;
    }
    return best;
  }

  /** A line through the middle of the marker. */
  function line(source) {
    if (source === painted) {
      return source.getContext("2d").getImageData(marker.x, marker.y + marker.block / 2, copy.width, 1);
    }
    context.drawImage(source, marker.x, marker.y, copy.width, copy.height, 0, 0, copy.width, copy.height);
    return context.getImageData(0, marker.block / 2, copy.width, 1);
  }

  /** The four bytes of the marker, or null when the check sum is wrong. */
  function read() {
    const source = canvas();
    if (!source?.width) return null;
    const { data } = line(source);
    const bytes = [0, 0, 0, 0];
    for (let bit = 0; bit < marker.bits; bit++) {
      const level = data[(bit * marker.block + marker.block / 2) * 4 + 1];
      bytes[bit >> 3] = (bytes[bit >> 3] << 1) | (level > 127 ? 1 : 0);
    }
    return (bytes[0] ^ bytes[1] ^ bytes[2] ^ bytes[3]) === marker.check ? bytes : null;
  }

  function tick() {
    if (!state.running) return;
    requestAnimationFrame(tick);
    const bytes = read();
    if (!bytes) return;
    const at = now();
    const frame = (bytes[0] << 8) | bytes[1];
    if (frame !== state.lastFrame) state.frames.push([frame, at]);
    if (bytes[2] !== state.lastKeys) state.keys.push([bytes[2], at]);
    state.lastFrame = frame;
    state.lastKeys = bytes[2];
  }

  globalThis.addEventListener?.(
    "keydown",
    () => {
      if (state.running) state.keysSent.push(now());
    },
    true,
  );

  globalThis.nagayaProbe = {
    /** `reads`: whether this is where the picture is looked at, too. */
    start(reads) {
      Object.assign(state, { running: true, frames: [], keys: [], keysSent: [], lastFrame: -1, lastKeys: -1 });
      if (reads) requestAnimationFrame(tick);
    },
    stop() {
      state.running = false;
      return { frames: state.frames, keys: state.keys, keysSent: state.keysSent };
    },
    read,
  };
}
