import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import vue from '@vitejs/plugin-vue'
import { defineConfig, type Plugin } from 'vite'

const node = process.env.HOTLINE_NODE ?? 'http://127.0.0.1:8080'

/** Writes `x.gz` beside each file worth packing; the node sends it as it is. */
function precompress(): Plugin {
  let out = 'dist'
  return {
    name: 'precompress',
    apply: 'build',
    configResolved(config) {
      out = config.build.outDir
    },
    closeBundle() {
      for (const entry of readdirSync(out, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(js|css|html|svg)$/.test(entry.name)) continue
        const file = join(entry.parentPath, entry.name)
        const plain = readFileSync(file)
        const packed = gzipSync(plain, { level: 9 })
        if (packed.length < plain.length) writeFileSync(`${file}.gz`, packed)
      }
    },
  }
}

export default defineConfig({
  plugins: [vue(), precompress()],
  define: { __VUE_OPTIONS_API__: 'false', __VUE_PROD_DEVTOOLS__: 'false' },
  build: {
    // The halls' browsers lag: Chromium 96 is the oldest we promise. This changes syntax only.
    target: ['chrome96', 'edge96', 'firefox102', 'safari15.4'],
    cssTarget: ['chrome96', 'edge96', 'firefox102', 'safari15.4'],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1200,
  },
  server: {
    proxy: {
      '/api': { target: node, changeOrigin: true },
      '/desk/socket': { target: node, ws: true, changeOrigin: true },
    },
  },
})
