import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { alias } from "./vite.shared.ts";

// `npm run dev` and `vite preview` talk to a running server; WEIR_URL names another than the default.
const server = { target: process.env.WEIR_URL ?? "http://127.0.0.1:9090" };
const proxy = { "/api/": server, "/-/": server };

export default defineConfig({
  // Relative addresses: the page's <base> decides where the console lives.
  base: "./",
  plugins: [react()],
  resolve: { alias },
  build: {
    target: "es2023",
    // Nothing may be inlined as data: URLs, so that the fonts obey the content security policy.
    assetsInlineLimit: 0,
    // All styles together are 20 kB: one file, and no page flashes unstyled.
    cssCodeSplit: false,
    chunkSizeWarningLimit: 900,
  },
  server: { proxy },
  preview: { proxy },
});
