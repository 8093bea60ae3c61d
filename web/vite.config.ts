import { readFileSync } from 'node:fs'

import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

// One script, one style sheet, no hashes in names: the files are embedded in the
// trainwatch binary, and the same sources give the same bytes.
export default defineConfig({
  base: './',
  plugins: [notice()],
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    modulePreload: false,
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rollupOptions: {
      output: {
        entryFileNames: 'app.js',
        assetFileNames: 'app[extname]',
        inlineDynamicImports: true,
      },
    },
  },
  test: {
    fileParallelism: false, // browsers beside each other measure each other
    projects: [
      { test: { name: 'unit', include: ['test/unit/*.test.ts'], environment: 'node' } },
      {
        test: {
          name: 'pictures',
          include: ['test/pictures/*.ts'],
          environment: 'node',
          testTimeout: 900_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/*.test.ts'],
          environment: 'node',
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})

// The chart library's licence asks for its notice in every copy; minifying takes
// it away.
function notice(): Plugin {
  return {
    name: 'notice',
    generateBundle(_, bundle) {
      const script = bundle['app.js']
      if (script?.type !== 'chunk') throw new Error('the build made no app.js')
      const licence = readFileSync('node_modules/uplot/LICENSE', 'utf8').trim()
      script.code = `/*! trainwatch's page, Apache-2.0. It contains uPlot:\n${licence}\n*/\n${script.code}`
    },
  }
}
