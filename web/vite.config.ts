import { defineConfig } from "vite";

// Names without hashes: the server gives each file an entity tag of its own.
export default defineConfig({
  base: "/assets/",
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: true,
    modulePreload: false,
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: "src/session.ts",
      output: {
        entryFileNames: "session.js",
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
