import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

// Where a running centre is, for `npm run dev`: HUAWU_URL=http://127.0.0.1:8080
const centre = process.env.HUAWU_URL ?? 'http://127.0.0.1:8080'
const through = { target: centre, changeOrigin: true, headers: { origin: centre } }

export default defineConfig({
  plugins: [react()],
  server: {
    host: '127.0.0.1',
    proxy: { '/v1': through, '/live': { ...through, ws: true }, '/sip': { ...through, ws: true } },
  },
  build: {
    outDir: 'dist',
    manifest: true,
    emptyOutDir: false, // dist/.keep is in git; scripts/clean.mjs empties the rest
    target: 'es2023',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // the CSP allows no data: scripts or styles
    rollupOptions: { input: ['index.html', 'call.html'] },
    chunkSizeWarningLimit: 2000,
  },
  test: { environment: 'happy-dom', include: ['src/**/*.test.{ts,tsx}'], testTimeout: 20_000 },
})
