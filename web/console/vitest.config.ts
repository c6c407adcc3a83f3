import { defineConfig } from "vitest/config";
import { alias } from "./vite.shared.ts";

export default defineConfig({
  resolve: { alias },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
    // moment-timezone's CommonJS build only yields its named exports when it is bundled.
    server: { deps: { inline: [/@grafana\//] } },
  },
});
