// The pictures of the README and docs: of real runs, trained here and now.

import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'

import { test } from 'vitest'

import { drawn, environment, launch, newHome, open, trainwatch, View } from '../browser/site'

const root = resolve(import.meta.dirname, '../../..')

test('pictures', async () => {
  const home = newHome()
  const train = (name: string, ...args: string[]): Promise<unknown> =>
    promisify(execFile)(
      trainwatch,
      ['run', '--quiet', '--name', name, '--interval', '250ms', '--', 'bin/mlp', '-points', '30000', ...args],
      { cwd: root, env: environment(home), maxBuffer: 64 << 20 },
    )
  await train('wide', '-hidden', '256', '-lr', '0.02')
  await train('baseline')
  const view = await View.begin(home, ['baseline'])
  const browser = await launch()
  for (const colorScheme of ['light', 'dark'] as const) {
    const size = { colorScheme, viewport: { width: 1280, height: 880 } }
    const w = await open(browser, view.url, size)
    await drawn(w.page)
    await w.page.screenshot({ path: resolve(root, `docs/pictures/page-${colorScheme}.png`) })
    await w.page.locator('.runs li', { hasText: 'wide' }).locator('input').check()
    await w.page.locator('table.comparison').waitFor()
    await w.page.screenshot({ path: resolve(root, `docs/pictures/overlay-${colorScheme}.png`) })
    await w.close()
  }
  await browser.close()
  await view.end()
})
