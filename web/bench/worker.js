// The part of decode.mjs that runs inside a Worker of the measured browser.
import { decompress } from "/fzstd.js";

const say = (line) => postMessage({ line });
const load = async (url) => new Uint8Array(await (await fetch(url)).arrayBuffer());

async function timed(name, runs, body) {
  const times = [];
  for (let run = 0; run < runs; run++) {
    const from = performance.now();
    await body(run);
    times.push(performance.now() - from);
  }
  times.sort((a, b) => a - b);
  say(`${name}: ${times[runs >> 1].toFixed(2)} (p95 ${times[Math.floor(runs * 0.95)].toFixed(2)})`);
}

async function native(format, bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream(format));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function canvas() {
  postMessage({ canvas: true });
  return new Promise((done) => addEventListener("message", ({ data }) => done(data), { once: true }));
}

const frame = () => new Promise((done) => requestAnimationFrame(done));

async function compression() {
  for (const name of ["tile", "page"]) {
    const [zstd, deflate] = [await load(`/${name}.zst`), await load(`/${name}.deflate`)];
    await timed(`fzstd ${name}`, 60, () => decompress(zstd));
    await timed(`native deflate-raw ${name}`, 60, () => native("deflate-raw", deflate));
    try {
      await timed(`native zstd ${name}`, 60, () => native("zstd", zstd));
    } catch (error) {
      say(`native zstd: ${error.message}`);
    }
  }
}

async function painting() {
  const full = new ImageData(new Uint8ClampedArray(1920 * 1080 * 4).fill(200), 1920, 1080);
  for (const options of [{}, { willReadFrequently: true }, { desynchronized: true }, { alpha: false }, { alpha: false, willReadFrequently: true }]) {
    const context = (await canvas()).getContext("2d", options);
    const name = `2d ${JSON.stringify(options)}`;
    await frame();
    await timed(`${name} put full, to next frame`, 60, async () => {
      context.putImageData(full, 0, 0);
      await frame();
    });
    await timed(`${name} put full, call`, 60, () => context.putImageData(full, 0, 0));
    await frame();
    await timed(`${name} put 256², call`, 200, () => context.putImageData(full, 0, 0, 256, 256, 256, 256));
    await frame();
    await timed(`${name} scroll by drawImage of itself`, 30, async () => {
      context.drawImage(context.canvas, 0, 20, 1920, 1060, 0, 0, 1920, 1060);
      context.getImageData(0, 0, 1, 1);
    });
  }
  const words = new Uint32Array(full.data.buffer);
  await timed("scroll in memory (copyWithin)", 100, () => words.copyWithin(0, 20 * 1920));
  const gl = (await canvas()).getContext("webgl2", { antialias: false, alpha: false });
  if (!gl) return say("webgl2: not there");
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  const target = gl.createFramebuffer();
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, 1920, 1080);
  gl.bindFramebuffer(gl.READ_FRAMEBUFFER, target);
  gl.framebufferTexture2D(gl.READ_FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
  await timed("webgl2 put full and blit, to next frame", 60, async () => {
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, 1920, 1080, gl.RGBA, gl.UNSIGNED_BYTE, full.data);
    gl.blitFramebuffer(0, 0, 1920, 1080, 0, 1080, 1920, 0, gl.COLOR_BUFFER_BIT, gl.NEAREST);
    gl.finish();
    await frame();
  });
  await timed("webgl2 put full and blit, call", 60, () => {
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, 1920, 1080, gl.RGBA, gl.UNSIGNED_BYTE, full.data);
    gl.blitFramebuffer(0, 0, 1920, 1080, 0, 1080, 1920, 0, gl.COLOR_BUFFER_BIT, gl.NEAREST);
    gl.finish();
  });
}

function accessUnits(bytes) {
  const starts = [];
  for (let at = 0; at + 4 < bytes.length; at++) {
    if (!bytes[at] && !bytes[at + 1] && !bytes[at + 2] && bytes[at + 3] === 1 && (bytes[at + 4] & 31) === 9) starts.push(at);
  }
  return starts.map((start, index) => bytes.subarray(start, starts[index + 1]));
}

async function video() {
  const units = accessUnits(await load("/video.h264"));
  if (units.length === 0) return say("no video given");
  const context = (await canvas()).getContext("2d", { alpha: false });
  const memory = new Uint8Array(1920 * 1080 * 4);
  const show = {
    "decode only": (frame) => frame.close(),
    "decode and drawImage": (frame) => {
      context.drawImage(frame, 0, 0);
      frame.close();
    },
    "decode, drawImage and read back": (frame) => {
      context.drawImage(frame, 0, 0);
      context.getImageData(0, 0, 1, 1);
      frame.close();
    },
    "decode and copyTo RGBA": async (frame) => {
      await frame.copyTo(memory, { format: "RGBA" });
      frame.close();
    },
    "decode, copyTo RGBA and putImageData": async (frame) => {
      await frame.copyTo(memory, { format: "RGBA" });
      frame.close();
      context.putImageData(new ImageData(new Uint8ClampedArray(memory.buffer), 1920, 1080), 0, 0);
    },
  };
  for (const [name, finish] of Object.entries(show)) {
    let next;
    const decoder = new VideoDecoder({ output: (frame) => next(frame), error: (error) => say(error.message) });
    decoder.configure({ codec: "avc1.42C028", optimizeForLatency: true, colorSpace: { primaries: "bt709", transfer: "bt709", matrix: "bt709", fullRange: true } });
    await timed(`video 1080p ${name}`, units.length, async (run) => {
      const output = new Promise((done) => (next = done));
      decoder.decode(new EncodedVideoChunk({ type: run === 0 ? "key" : "delta", timestamp: run, data: units[run] }));
      await finish(await output);
    });
    decoder.close();
  }
}

await compression();
await painting();
await video();
postMessage({ done: true });
