import { defineConfig } from "vite";

// Names without hashes, relative to each other: the server puts all files of one version below a name of their own.
export default defineConfig({
  base: "./",
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: true,
    modulePreload: false,
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: { session: "src/session.ts", passkey: "src/passkey/passkey.ts" },
      output: {
        entryFileNames: "[name].js",
        chunkFileNames: "session-[name].js",
        assetFileNames: "session[extname]",
      },
    },
  },
  worker: {
    format: "es",
    rolldownOptions: { output: { entryFileNames: "session-worker.js", chunkFileNames: "session-worker-[name].js" } },
  },
});
