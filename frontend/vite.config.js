// Builds the styles, the small script of every page and the islands into app/static/dist.
// Flask reads .vite/manifest.json (app/presentation/assets.py); file names carry a hash of their content.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  base: "/static/dist/",
  publicDir: false,
  css: {
    // govuk-frontend writes a media query that the minifier does not know; it may stay as it is.
    lightningcss: { errorRecovery: true },
    preprocessorOptions: { scss: { loadPaths: [here("node_modules")], quietDeps: true } },
  },
  build: {
    outDir: here("../app/static/dist"),
    emptyOutDir: true,
    manifest: true,
    modulePreload: false,
    target: ["chrome87", "firefox78", "safari14"],
    cssTarget: ["chrome61"],
    rollupOptions: {
      input: {
        work_styles: here("src/styles/work.scss"),
        portal_styles: here("src/styles/portal.scss"),
        page: here("src/page/page.js"),
        door: here("src/door/door.js"),
        diagram: here("src/diagram/diagram.js"),
      },
    },
  },
});
