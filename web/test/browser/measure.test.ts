// How fast the page is with a week on eight GPUs, and with ten thousand runs.
// The figures are printed and kept beside the screenshots; how fast a machine is
// decides about no test.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { command, drawn, launch, make, newHome, open, shots, snap, View } from './site'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

const median = (all: number[]): number => [...all].sort((a, b) => a - b)[all.length >> 1] ?? NaN
const round = (v: number): number => Math.round(v * 10) / 10

test('a week on eight GPUs', async () => {
  const home = newHome()
  await make(
    home,
    '-name',
    'week',
    '-length',
    '168h',
    '-every',
    process.env['TRAINWATCH_TEST_EVERY'] ?? '16s',
  )
  const view = await View.begin(home, ['week'])
  const painted: number[] = []
  const charted: number[] = []
  const script: number[] = []
  const frame: number[] = []
  const busy: number[] = []
  for (let i = 0; i < 5; i++) {
    const w = await open(browser, view.url)
    await drawn(w.page)
    // What the page's main thread works, whoever else wants the processor.
    const devtools = await w.page.context().newCDPSession(w.page)
    await devtools.send('Performance.enable', { timeDomain: 'threadTicks' })
    const worked = async (): Promise<number> => {
      const { metrics } = await devtools.send('Performance.getMetrics')
      return 1000 * (metrics.find((m) => m.name === 'TaskDuration')?.value ?? NaN)
    }
    const before = await worked()
    expect(await w.page.locator('.tiles b').first().textContent()).toMatch(/^2,\d\d\d,\d\d\d$/)
    const m = await w.page.evaluate(async () => {
      const next = (): Promise<number> => new Promise((done) => requestAnimationFrame(done))
      // After the frame has been handed over.
      const after = (): Promise<unknown> =>
        new Promise((done) => {
          const channel = new MessageChannel()
          channel.port1.onmessage = done
          channel.port2.postMessage(0)
        })
      const script: number[] = []
      const frame: number[] = []
      for (let k = 0; k < 12; k++) {
        await next()
        await next()
        const from = performance.now()
        document.dispatchEvent(new KeyboardEvent('keydown', { key: k < 6 ? '+' : '-' }))
        await Promise.resolve()
        await Promise.resolve()
        script.push(performance.now() - from)
        await next()
        await after()
        frame.push(performance.now() - from)
      }
      const paint = performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN
      const charts = performance.getEntriesByName('charts')[0]?.startTime ?? NaN
      return { script, frame, paint, charts }
    })
    busy.push(((await worked()) - before) / m.script.length)
    painted.push(m.paint)
    charted.push(m.charts)
    script.push(...m.script)
    frame.push(...m.frame)
    if (i === 0) await snap(w.page, 'week')
    await w.close()
  }
  await view.end()
  const file = join(home, 'week.html')
  await command(home, 'report', 'week', '-o', file)
  const w = await open(browser, 'file://' + file)
  await drawn(w.page)
  await w.close()
  const figures = {
    first_paint_ms: round(median(painted)),
    first_paint_worst_ms: round(Math.max(...painted)),
    charts_ms: round(median(charted)),
    charts_worst_ms: round(Math.max(...charted)),
    zoom_script_ms: round(median(script)),
    zoom_cpu_ms: round(median(busy)),
    zoom_to_frame_ms: round(median(frame)),
    zoom_to_frame_worst_ms: round(Math.max(...frame)),
  }
  console.log('a week on eight GPUs:', JSON.stringify(figures))
  writeFileSync(join(shots, 'measured.json'), JSON.stringify(figures, null, 2) + '\n')
})

test('ten thousand runs', async () => {
  const home = newHome()
  await make(home, '-kind', 'many', '-count', '10000')
  const view = await View.begin(home)
  const w = await open(browser, view.url)
  await w.page.getByText('9,940 more').waitFor()
  const listed = await w.page.evaluate(() => performance.now())
  await w.page.locator('input[type=search]').fill('sweep-9876')
  expect(await w.page.locator('.runs .open b').allTextContents()).toEqual(['sweep-9876'])
  expect(w.said).toEqual([])
  console.log('ten thousand runs listed after', Math.round(listed), 'ms')
  await w.close()
  await view.end()
})
